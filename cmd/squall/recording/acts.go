package recording

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/source/edit"
	"github.com/squallhq/squall/scenarios/topology"
)

// act is what somebody did, as a fault of the phase in which it began.
type act struct {
	*record.Action
	phase      *phase
	start, end time.Duration
	// pinned are the edges or instances that it is on, where its words would choose others; nil: its words do.
	pinned []string
	// why it could not be carried over; "": it was.
	why string
}

// acts are what people did, and where it goes.
func acts(actions []record.Action, r *ran) (out []*act) {
	for i := range actions {
		a := &actions[i]
		if a.Who == record.ByPlan || a.Who == record.ByItself || a.Phase != "" {
			continue
		}
		if _, _, is := paceOf(*a); is {
			continue
		}
		one := &act{Action: a, start: millis(a.AtS), end: r.total}
		if a.UndoneS != nil {
			one.end = min(millis(*a.UndoneS), r.total)
		}
		one.phase = r.in(max(one.start, 0))
		switch {
		case a.Fault == "" && a.Who == record.ByOutside:
			one.why = "it came from outside"
		case a.Fault == "":
			one.why = "the language has no words for it, or the record not yet"
		case one.phase == nil:
			one.why = "no phase was under way"
		case one.end <= max(one.start, 0):
			one.why = "it was over at once"
		}
		one.start = max(one.start, 0)
		out = append(out, one)
	}
	return out
}

// String is what was done, to whom, by whom and when.
func (a *act) String() string {
	return fmt.Sprintf("%.3f s: %s on %s (%s)", a.AtS, a.What, a.On, a.How())
}

// item is the act as a line of faults.
func (a *act) item(total time.Duration, taken map[string]bool) (*edit.Item, error) {
	item, err := edit.Flow(a.Fault)
	if err != nil {
		return nil, err
	}
	item.Remove("at", "for", "outlasts")
	if name := item.Text("name"); name != "" && taken[name] {
		item.Remove("name")
	} else if name != "" {
		taken[name] = true
	}
	row := rowOf(item)
	if a.pinned != nil {
		item.Choose(selects(row), a.pinned)
	}
	if a.start > a.phase.start {
		item.Set("at", (a.start - a.phase.start).String())
	}
	end := min(a.end, total)
	a.lasts(item, row, end)
	item.Above(fmt.Sprintf("by %s, %s, at %.3f s", someone(a.Action), a.Door, a.AtS))
	return item, nil
}

// lasts says how long it lasted, in its kind's own word where that has one; what is over in a moment says nothing.
func (a *act) lasts(item *edit.Item, row faults.Entry, end time.Duration) {
	length := end - a.start
	if own, is := row.Zero.(faults.Lasting); is {
		d, key := own.Lasts()
		if d > 0 {
			return // it is over in a moment whatever is said
		}
		if item.Has(key) {
			item.Set(key, length.String())
		} else {
			item.Set("for", length.String())
		}
	} else {
		item.Set("for", length.String())
	}
	if end > a.phase.end {
		item.Set("outlasts", "true")
	}
}

func someone(a *record.Action) string {
	if a.Person != "" {
		return a.Person
	}
	return "hand"
}

// rowOf is the kind of a line of faults.
func rowOf(item *edit.Item) faults.Entry {
	for _, row := range faults.Kinds {
		if item.Has(row.Word) && (row.Selection == faults.SelectOn) == item.Has("on") {
			return row
		}
	}
	return faults.Entry{}
}

// selects is the key of a kind's line that says what it is on.
func selects(row faults.Entry) string {
	if row.Selection == faults.SelectOn {
		return "on"
	}
	return row.Word
}

// pin compares what an act was on with what its line would be on, and names that one by one where it is something else: chance chose it. It
// tells whether it changed anything.
func (a *act) pin(as topology.ResolvedFault, p *topology.Plan) bool {
	if len(a.Edges)+len(a.Instances) == 0 || same(a.Edges, as.Targets.Edges) && same(a.Instances, as.Targets.Instances) {
		return false
	}
	row, _ := faults.Lookup(as.Fault.Kind.Kind())
	if a.pinned != nil || row.Selection == faults.SelectBetween {
		a.why = "what it was on was chosen by chance, and can't be named one by one"
		return true
	}
	if a.pinned = slices.Clone(a.Instances); len(a.pinned) == 0 {
		for _, name := range a.Edges {
			if e, is := p.Edge(name); is {
				a.pinned = append(a.pinned, e.Selected())
			}
		}
	}
	return true
}

func same(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// clearing is an order to take acts off, which stands where they end.
var clearing = regexp.MustCompile(`^clear (act [0-9]+|all acts) \(`)

// remarks are lines for people about a run: what was said, and what was done to its phases.
func remarks(res *record.Result) (out []remark) {
	for _, e := range res.Events {
		if e.Kind == "mark" || e.Kind == "said" && !clearing.MatchString(e.Text) {
			out = append(out, remark{e.AtS, e.Text})
		}
	}
	for _, a := range res.Actions {
		if load, _, is := paceOf(a); is {
			out = append(out, remark{a.AtS, fmt.Sprintf("rate of load %s: %s (%s)", load, a.What, a.How())})
		}
		if a.Phase == "" {
			continue
		}
		text := map[string]string{"hold": "held", "next": "ended early", "go": "the phase had waited for this go", "skip": "phase " + a.Phase + " left out"}[a.What]
		if a.What == "hold" && a.UndoneS != nil {
			text += fmt.Sprintf(" until %.3f s", *a.UndoneS)
		}
		out = append(out, remark{a.AtS, text + " (" + a.How() + ")"})
	}
	slices.SortStableFunc(out, func(a, b remark) int { return int((a.at - b.at) * 1e6) })
	return out
}

// remark is a line about a moment.
type remark struct {
	at   float64
	text string
}

func (r remark) String() string { return fmt.Sprintf("%.3f s: %s", r.at, r.text) }
