package capacity

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/squallhq/squall/report/answer"
)

// Load is one of a scenario's, with what it is in the file: Text is that, Unit what a factor makes of it (/s, users).
type Load struct {
	Name   string
	Amount float64
	Unit   string
}

// Case is the scenario without faults, under one of them, or under all.
type Case struct {
	Name string
	// Found is nil where it could not be looked for, and Why says why not.
	Found *Found
	Why   string
}

// Capacity is the highest load that a scenario bears, in each case.
type Capacity struct {
	Scenario string
	Loads    []Load
	Search   Search
	Cases    []Case
	Seed     uint64
	Notes    []string
}

// spell writes a load: of a single one its own amount, of several the factor with all amounts.
func (c *Capacity) spell(factor float64) string {
	if len(c.Loads) == 1 {
		return c.Loads[0].times(factor)
	}
	var all []string
	for _, l := range c.Loads {
		all = append(all, l.Name+" "+l.times(factor))
	}
	return "x" + strconv.FormatFloat(factor, 'g', 3, 64) + " (" + strings.Join(all, ", ") + ")"
}

func (l Load) times(factor float64) string {
	digits := 4
	if l.Unit == " users" {
		return strconv.FormatFloat(l.Amount*factor, 'f', 0, 64) + l.Unit
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(l.Amount*factor, 'g', digits, 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64) + l.Unit
}

// Answer is a capacity as sentences and a table.
func (c *Capacity) Answer() *answer.Answer {
	s := c.Search
	a := &answer.Answer{Title: fmt.Sprintf("%s: the highest load that keeps to what is expected, in virtual time", c.Scenario), Notes: c.Notes,
		Method: []string{fmt.Sprintf("By bisection, to %s, between %s and %s: a load meets what is expected where more than half of its rounds pass, %d of each load and %d at the border. ",
			strconv.FormatFloat(s.Precision*100, 'f', -1, 64)+" %", c.spell(s.Least), c.spell(s.Most), s.Rounds, s.Border) +
			"It is taken for granted that what is met at one load is met at every lower one; where a trial shows otherwise, that is said. " +
			"The interval is from the load up to which every round passed to the one from which none did."}}
	table := &answer.Table{Title: "THE HIGHEST LOAD", Columns: []answer.Column{{Name: "meets"}, {Name: "interval"}, {Name: "rounds that pass"}, {Name: "what breaks"}}}
	for _, one := range c.Cases {
		a.Sentences = append(a.Sentences, c.sentence(one))
		table.Rows = append(table.Rows, c.row(one))
		if one.Found != nil && one.Found.Crooked {
			a.Notes = append(a.Notes, one.Name+": a load met what is expected above one that did not; one border is not all of it")
		}
	}
	a.Parts = []answer.Part{{Table: table}}
	return a
}

func (c *Capacity) sentence(one Case) string {
	if one.Found == nil {
		return fmt.Sprintf("%s: not looked for, %s", one.Name, one.Why)
	}
	f := one.Found
	switch f.State {
	case Bound:
		return fmt.Sprintf("%s: met up to the bound, %s", one.Name, c.spell(f.Met))
	case Never:
		return fmt.Sprintf("%s: not met even at %s: %s", one.Name, c.spell(f.Broken), f.why(f.Broken))
	case Unclear:
		return fmt.Sprintf("%s: about %s; the rounds at the border do not tell (%s), take more (--rounds)", one.Name, c.spell(f.Met), c.interval(f))
	}
	said := fmt.Sprintf("%s: %s (%s)", one.Name, c.spell(f.Met), c.interval(f))
	if first := c.Cases[0].Found; first != nil && first != f && first.State == Between {
		share := 1 - f.Met/first.Met
		switch {
		case share > c.Search.Precision:
			said += fmt.Sprintf(", %.0f %% less than %s", share*100, c.Cases[0].Name)
		case share < -c.Search.Precision:
			said += fmt.Sprintf(", %.0f %% more than %s", -share*100, c.Cases[0].Name)
		default:
			said += ", the same as " + c.Cases[0].Name + " within the precision"
		}
	}
	return said
}

// interval is what the rounds leave open.
func (c *Capacity) interval(f *Found) string {
	low, high := "below "+c.spell(f.Trials[0].Factor), "above "+c.spell(f.Trials[len(f.Trials)-1].Factor)
	if f.Surely > 0 {
		low = c.spell(f.Surely)
	}
	if f.Hardly > 0 {
		high = c.spell(f.Hardly)
	}
	return low + " to " + high
}

func (c *Capacity) row(one Case) answer.Row {
	f := one.Found
	if f == nil {
		return answer.Row{Name: one.Name, Cells: []answer.Cell{{Text: "unknown", Look: answer.Unknown}, {}, {}, {Text: one.Why}}}
	}
	row := answer.Row{Name: one.Name}
	switch f.State {
	case Bound:
		row.Cells = []answer.Cell{{Text: c.spell(f.Met) + " or more"}, {}, {Text: f.border(c, f.Met)}, {Text: "nothing up to there"}}
	case Never:
		row.Cells = []answer.Cell{{Text: "less than " + c.spell(f.Broken)}, {}, {Text: f.border(c, f.Broken)}, {Text: f.why(f.Broken)}}
	default:
		row.Cells = []answer.Cell{{Text: c.spell(f.Met)}, {Text: c.interval(f)}, {Text: f.border(c, f.Met) + ", " + f.border(c, f.Broken)}, {Text: f.why(f.Broken)}}
	}
	return row
}

// border says how many rounds pass at a load.
func (f *Found) border(c *Capacity, factor float64) string {
	t := f.At(factor)
	return fmt.Sprintf("%d of %d at %s", t.met(), len(t.Rounds), c.spell(factor))
}

// why is what did not hold at a load, of the first round in which something did not.
func (f *Found) why(factor float64) string {
	for _, r := range f.At(factor).Rounds {
		if !r.Met {
			return r.Why
		}
	}
	return ""
}

// Document is capacity.json. Its fields are added, never renamed.
type Document struct {
	answer.Head
	// Scenario is its name.
	Scenario string `json:"scenario"`
	// Seed of the first round of each trial.
	Seed uint64 `json:"seed"`
	// Loads are those that were raised, as the file has them.
	Loads []LoadOf `json:"loads"`
	// Cases are the scenario without faults, and each fault.
	Cases []CaseOf `json:"cases"`
}

// LoadOf is a load as the file has it: requests or sessions a second, or users.
type LoadOf struct {
	// Name of the load.
	Name string `json:"name"`
	// Amount is how much the file has of it.
	Amount float64 `json:"amount" unit:"as unit says"`
	// Unit of the amount.
	Unit string `json:"unit"`
}

// CaseOf is one case. Loads are factors on the file's; null: there is none.
type CaseOf struct {
	// Name of the case.
	Name string `json:"name"`
	// State is what became of the search; unknown: it was not made.
	State State `json:"state"`
	// Why it was not.
	Why string `json:"why,omitempty"`
	// Met is the highest load that meets what is expected.
	Met *float64 `json:"met"`
	// Broken is the lowest load that does not.
	Broken *float64 `json:"broken"`
	// Surely is the highest load up to which every round met it.
	Surely *float64 `json:"surely"`
	// Hardly is the lowest load from which no round did.
	Hardly *float64 `json:"hardly"`
	// Crooked says that a higher load met what a lower one did not.
	Crooked bool `json:"crooked"`
	// Trials are the loads that were tried.
	Trials []TrialOf `json:"trials"`
}

// TrialOf is a load that was tried.
type TrialOf struct {
	// Factor on the file's loads.
	Factor float64 `json:"factor" unit:"times the file's"`
	// Rounds that were made.
	Rounds int `json:"rounds"`
	// Met is how many of them met what is expected.
	Met int `json:"met"`
	// Why the first that did not did not.
	Why string `json:"why,omitempty"`
}

// Document is a capacity for programs.
func (c *Capacity) Document() *Document {
	a := c.Answer()
	d := &Document{Head: a.Head("capacity"), Scenario: c.Scenario, Seed: c.Seed}
	for _, l := range c.Loads {
		d.Loads = append(d.Loads, LoadOf{l.Name, l.Amount, strings.TrimSpace(l.Unit)})
	}
	for _, one := range c.Cases {
		of := CaseOf{Name: one.Name, State: "unknown", Why: one.Why, Trials: []TrialOf{}}
		if f := one.Found; f != nil {
			of.State, of.Crooked = f.State, f.Crooked
			of.Met, of.Broken, of.Surely, of.Hardly = some(f.Met), some(f.Broken), some(f.Surely), some(f.Hardly)
			for _, t := range f.Trials {
				of.Trials = append(of.Trials, TrialOf{t.Factor, len(t.Rounds), t.met(), f.why(t.Factor)})
			}
		}
		d.Cases = append(d.Cases, of)
	}
	return d
}

func some(v float64) *float64 {
	if v == 0 {
		return nil
	}
	return &v
}
