// Package recording turns a run that people took part in into a scenario: what they did at the times at which they did it, and the phases as
// long as they were, so that it can be repeated without them.
package recording

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/source/edit"
	"github.com/squallhq/squall/scenarios/topology"
)

// file is what messages call a scenario that stands in no file yet.
const file = "scenario.yaml"

// placed is where a mistake stands in a text that nobody has.
var placed = regexp.MustCompile(`^` + regexp.QuoteMeta(file) + `:[0-9]+:[0-9]+: `)

// Scenario is a run as a scenario's text, checked, and what of it could not be carried over, one sentence each.
func Scenario(res *record.Result) (text []byte, left []string, err error) {
	if res.AsRun == "" {
		return nil, nil, errors.New("the run's folder has no " + record.ScenarioFile + ", which is what it was made from")
	}
	asRun := bytes.TrimPrefix([]byte(res.AsRun), []byte("# As run.\n"))
	doc, err := language.Parse(file, asRun, "")
	if err != nil {
		return nil, nil, fmt.Errorf("read what the run was made from: %w", err)
	}
	if own := original(res, doc); own != nil {
		if text, left, err = written(res, own); err == nil {
			return text, left, nil
		}
	}
	return written(res, asRun)
}

// original is the text of the scenario's own file, with its comments, where it still says what was run; else nil.
func original(res *record.Result, asRun *language.Document) []byte {
	if res.Variant != "" || len(res.Set) > 0 || res.File == "" {
		return nil
	}
	data, err := os.ReadFile(res.File)
	if err != nil {
		return nil
	}
	doc, err := language.Parse(file, data, "")
	if err != nil {
		return nil
	}
	own := *doc.Scenario
	own.Seed = asRun.Seed
	if !own.Equal(asRun.Scenario) {
		return nil
	}
	return data
}

// written is the scenario's text from the one that was run. Where it does not hold with all acts in, those with which it does not are left out.
func written(res *record.Result, from []byte) ([]byte, []string, error) {
	doc, err := language.Parse(file, from, "")
	if err != nil {
		return nil, nil, err
	}
	how, err := ranOf(res, doc.Scenario)
	if err != nil {
		return nil, nil, fmt.Errorf("work out how the phases went: %w", err)
	}
	all := acts(res.Actions, &how)
	var fits []*act
	for _, a := range all {
		if a.why == "" {
			fits = append(fits, a)
		}
	}
	w, err := write(res, from, doc, how, all)
	for ; err == nil && w.pins(); w, err = write(res, from, doc, how, all) {
	}
	if err == nil {
		return w.out, w.left, nil
	}
	for _, a := range fits {
		a.why, a.pinned = "not tried", nil
	}
	for _, a := range fits { // one after the other
		a.why = ""
		w, err := write(res, from, doc, how, all)
		for ; err == nil && w.pins(); w, err = write(res, from, doc, how, all) {
		}
		if err != nil {
			a.why, _, _ = strings.Cut(placed.ReplaceAllString(err.Error(), ""), "\n")
		}
	}
	if w, err = write(res, from, doc, how, all); err != nil {
		return nil, nil, fmt.Errorf("the scenario that came of the run does not hold: %w", err)
	}
	return w.out, w.left, nil
}

// writing is one try at a text.
type writing struct {
	res  *record.Result
	doc  *language.Document
	plan *topology.Plan
	ran  ran
	acts []*act
	text *edit.Text
	out  []byte
	left []string
	// lost are the names of phases and faults that did not come.
	lost map[string]bool
	// made is the plan of what came of it.
	made *topology.Plan
}

func write(res *record.Result, from []byte, doc *language.Document, how ran, all []*act) (*writing, error) {
	w := &writing{res: res, doc: doc, ran: how, acts: all, lost: map[string]bool{}}
	seed := cmp.Or(res.Seed, doc.Seed, 1)
	var err error
	if w.plan, err = doc.Plan(seed); err != nil {
		return nil, err
	}
	if w.text, err = edit.Read(from); err != nil {
		return nil, err
	}
	if doc.Seed != seed {
		w.text.Put("seed", strconv.FormatUint(seed, 10), "scenario")
	}
	if err := w.phases(); err != nil {
		return nil, err
	}
	w.restaged()
	w.expected()
	w.conditions()
	w.hooked()
	body, err := w.text.Bytes()
	if err != nil {
		return nil, err
	}
	w.out = append([]byte(w.heading()), body...)
	made, err := language.Parse(file, w.out, "")
	if err != nil {
		return nil, err
	}
	if w.made, err = made.Plan(seed); err != nil {
		return nil, err
	}
	return w, w.holds(made)
}

// phases writes the phases as they were, with what people did.
func (w *writing) phases() error {
	items := w.text.Items("phases")
	if len(items) != len(w.doc.Phases) {
		return errors.New("its phases do not stand in lines that can be changed")
	}
	for i, p := range w.doc.Phases {
		if len(items[i].Items("faults")) != len(p.Faults) {
			return fmt.Errorf("the faults of phase %s do not stand in lines that can be changed", p.Name)
		}
	}
	faults := w.moved(items)
	said := remarks(w.res)
	names := map[string]bool{}
	for _, f := range w.plan.Faults {
		names[f.Fault.Name] = true
	}
	var kept []*edit.Item
	for i, p := range w.ran.phases {
		item := items[p.index]
		if p.end-p.start != w.doc.Phases[p.index].For {
			item.Set("for", (p.end - p.start).String())
		}
		item.Remove("until") // nobody says go
		var lines []string
		last := i+1 == len(w.ran.phases)
		for len(said) > 0 && (last || seconds(said[0].at) < p.end) {
			lines = append(lines, said[0].String())
			said = said[1:]
		}
		mine, without, err := w.added(p, i == 0, last, names)
		if err != nil {
			return err
		}
		item.Above(append(lines, without...)...)
		if all := append(faults[p.index], mine...); len(mine) > 0 || !w.ran.as {
			item.Replace("faults", all)
		}
		kept = append(kept, item)
	}
	for i, p := range w.doc.Phases {
		if !slices.ContainsFunc(w.ran.phases, func(r phase) bool { return r.index == i }) {
			w.gone(p.Name, "phase "+p.Name+": it did not come")
		}
	}
	w.text.Replace("phases", kept)
	return nil
}

// added are the acts of a phase as lines of its faults, and words for those that can't be.
func (w *writing) added(p phase, first, last bool, names map[string]bool) (lines []*edit.Item, without []string, err error) {
	for _, a := range w.acts {
		if here := a.phase != nil && a.phase.index == p.index || a.phase == nil && (first && a.AtS < 0 || last && a.AtS >= 0); !here {
			continue
		}
		if a.why != "" {
			without = append(without, a.String()+": not carried over, "+a.why)
			w.left = append(w.left, a.String()+": "+a.why)
			continue
		}
		item, err := a.item(w.ran.total, names)
		if err != nil {
			return nil, nil, err
		}
		lines = append(lines, item)
	}
	return lines, without, nil
}

// pins names what acts were on one by one where chance would choose something else, and tells whether there was anything to name.
func (w *writing) pins() bool {
	again := false
	for _, p := range slices.Backward(w.ran.phases) {
		mine := slices.DeleteFunc(slices.Clone(w.acts), func(a *act) bool { return a.why != "" || a.phase.index != p.index })
		var made []topology.ResolvedFault
		for _, f := range w.made.Faults {
			if f.Phase == p.name {
				made = append(made, f)
			}
		}
		for n, a := range mine {
			again = a.pin(made[len(made)-len(mine)+n], w.made) || again
		}
	}
	return again
}

// holds compares what came of it with how the phases went.
func (w *writing) holds(made *language.Document) error {
	if len(made.Phases) != len(w.ran.phases) {
		return errors.New("not all phases are there")
	}
	for i, p := range w.ran.phases {
		if made.Phases[i].Name != p.name || made.Phases[i].For != p.end-p.start {
			return fmt.Errorf("phase %s is not as long as it was", p.name)
		}
	}
	return nil
}

// heading says where it comes from.
func (w *writing) heading() string {
	n := 0
	for _, a := range w.acts {
		if a.why == "" {
			n++
		}
	}
	out := fmt.Sprintf("# Recorded from run %s (%s engine): what people did is in it, with %s.\n", w.res.Run, w.res.Engine, plural(n, "fault"))
	if len(w.left) > 0 {
		out += fmt.Sprintf("# Not carried over: %s, which stand as comments, or were told when this was written.\n", plural(len(w.left), "thing"))
	}
	return out
}

func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// leave notes what could not be carried over.
func (w *writing) leave(what string) { w.left = append(w.left, what) }

// gone notes a phase or a fault that did not come.
func (w *writing) gone(name, what string) {
	if name != "" {
		w.lost[name] = true
	}
	w.leave(what)
}
