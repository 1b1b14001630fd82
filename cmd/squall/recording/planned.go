package recording

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source/edit"
	"github.com/squallhq/squall/scenarios/topology"
)

// moved gives the scenario's own faults the times at which they came, each in the phase that was under way then. What it gives is by the
// phase's index in the scenario.
func (w *writing) moved(items []*edit.Item) map[int][]*edit.Item {
	out := map[int][]*edit.Item{}
	n := 0
	for i, p := range w.doc.Phases {
		lines := items[i].Items("faults")
		for j, f := range p.Faults {
			resolved := w.plan.Faults[n]
			n++
			if w.ran.as {
				out[i] = append(out[i], lines[j])
				continue
			}
			if to, is := w.move(lines[j], f, resolved); is {
				out[to] = append(out[to], lines[j])
			} else {
				w.gone(w.called(f), fmt.Sprintf("%s on %s of phase %s: it did not come", f.Kind, f.On, p.Name))
			}
		}
	}
	return out
}

// called is what expectations and hooks call a fault; "" where a phase is called so.
func (w *writing) called(f faults.Fault) string {
	name := scenarios.FaultName(f)
	if slices.ContainsFunc(w.doc.Phases, func(p *scenarios.Phase) bool { return p.Name == name }) {
		return ""
	}
	return name
}

// move gives one fault its times; false: it did not come.
func (w *writing) move(item *edit.Item, f faults.Fault, as topology.ResolvedFault) (phase int, came bool) {
	start, end := w.ran.at(as.Start), min(w.ran.at(as.End), w.ran.total)
	in := w.ran.in(start)
	if in == nil || start >= end {
		return 0, false
	}
	if start < f.Countdown {
		item.Remove("countdown") // it would begin before the run
	}
	at := start - in.start
	if at != f.At {
		item.Remove("at")
		if at > 0 {
			item.Set("at", at.String())
		}
	}
	length, key := f.For, "for"
	if own, is := f.Kind.(faults.Lasting); is {
		if d, word := own.Lasts(); d > 0 {
			length, key = d, word
		}
	}
	if f.Stays() || length == 0 && end == in.end || key == f.Kind.Kind() {
		return in.index, true
	}
	if length != end-start {
		item.Set(key, (end - start).String())
	}
	item.Remove("outlasts")
	if end > in.end {
		item.Set("outlasts", "true")
	}
	return in.index, true
}

// restaged gives loads whose rate changes the stages that were really sent.
func (w *writing) restaged() {
	for _, l := range w.doc.Loads {
		changed := len(w.ran.paces[l.Name]) > 0
		if !changed && w.ran.way.Straight() {
			continue
		}
		item := w.text.Within("load", l.Name)
		switch {
		case l.Replay != nil:
			w.leave(fmt.Sprintf("the recorded requests of load %s go by the run's time, whatever was done to its phases", l.Name))
		case len(l.Stages) == 0 && !changed:
		case item == nil || !item.Has("stages") && !item.Has("rate"):
			w.leave(fmt.Sprintf("the rates of load %s are the planned ones: they do not stand in it", l.Name))
		default:
			item.Remove("rate")
			item.Replace("stages", stageItems(w.ran.stages(l)))
		}
	}
}

func stageItems(stages []scenarios.Stage) (out []*edit.Item) {
	rate := func(r float64) string { return strconv.FormatFloat(r, 'f', -1, 64) + "/s" }
	for _, s := range stages {
		text := fmt.Sprintf("for: %s, from: %s, to: %s", s.For.Round(time.Millisecond), rate(s.From), rate(s.To))
		if s.From == s.To {
			text = fmt.Sprintf("for: %s, rate: %s", s.For.Round(time.Millisecond), rate(s.From))
		}
		if item, err := edit.Flow(text); err == nil && s.For >= time.Millisecond {
			out = append(out, item)
		}
	}
	return out
}

// conditions leaves out what would hold phases, which are as long as they were held, and what is about a phase that did not come.
func (w *writing) conditions() {
	if len(w.doc.PauseWhen) > 0 {
		w.text.Replace("pause_when", nil) // its holds are in the phases
	}
	for _, c := range w.doc.AbortWhen {
		if w.lost[c.In] {
			w.leave("abort_when " + c.Text + ": what it is about did not come, so that none of abort_when is there")
			w.text.Replace("abort_when", nil)
			return
		}
	}
}

// expected leaves out what is expected of a phase or a fault that is not there any more.
func (w *writing) expected() {
	if len(w.lost) == 0 {
		return
	}
	items := w.text.Items("expect")
	if len(items) != len(w.doc.Expect) {
		return
	}
	var kept []*edit.Item
	for i, e := range w.doc.Expect {
		if w.lost[e.In] || w.lost[e.After] {
			w.leave("expectation " + e.Text + ": what it is about did not come")
			continue
		}
		kept = append(kept, items[i])
	}
	w.text.Replace("expect", kept)
}

// hooked leaves out the hooks of phases and faults that are not there any more.
func (w *writing) hooked() {
	items := w.text.Items("hooks")
	if len(w.lost) == 0 || len(items) != len(w.doc.Hooks) {
		return
	}
	var kept []*edit.Item
	for i, h := range w.doc.Hooks {
		if w.lost[h.At] {
			w.leave("hook " + h.String() + ": what it is at did not come")
			continue
		}
		kept = append(kept, items[i])
	}
	w.text.Replace("hooks", kept)
}
