package runner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/chronicle"
	"github.com/squallhq/squall/runner/record"
)

// death is an instance's end that nobody of the run wanted.
type death struct {
	at   time.Duration
	text string
}

// dead notes one. Those of one moment come in any order, and are told by their words.
func (r *run) dead(d death) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaths = append(r.deaths, d)
	slices.SortStableFunc(r.deaths, func(a, b death) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.text, b.text)) })
}

// String is a touch in words, as events and the report have it.
func (t Touch) String() string {
	a := record.Action{Who: t.Who, Person: t.Person, Door: t.Door}
	return fmt.Sprintf("%s on %s (%s)", t.What, t.On, a.How())
}

// sees takes what others do as it happens. Its end is known when all is over.
func (r *run) sees(t Touch) {
	at := t.At.Sub(r.zero)
	r.recorder.Unplanned(at)
	e := record.Event{AtS: record.Seconds(at), Kind: "action", Text: t.String()}
	r.seen = append(r.seen, e)
	r.chronicle.Write(e)
	r.say("", e.Text)
}

// readTouched reads what others did, with what met it, and puts it among the events.
func (r *run) readTouched(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), observeTimeout)
	defer cancel()
	touched, err := r.system.Touched(ctx)
	r.touched = slices.Concat(touched, r.handTouches()) // in a list of its own, which is put in order
	inOrder(r.touched)
	now := time.Since(r.zero)
	add := func(at time.Duration, kind, text string) {
		r.chronicle.Learned(record.Event{AtS: record.Seconds(at), Kind: kind, Text: text}, chronicle.First)
	}
	for _, t := range touched { // what came through our own door is told as it happens
		add(t.At.Sub(r.zero), "action", t.String())
		if !t.Undone.IsZero() {
			add(t.Undone.Sub(r.zero), "action", t.String()+": taken back")
		}
	}
	if err != nil {
		add(now, "note", "what met the actions of others could not be read: "+err.Error())
	}
}

// actions are touches and turns as the record has them.
func (r *run) actions(touched []Touch, turns []turn) []record.Action {
	var out []record.Action
	for _, t := range touched {
		a := record.Action{AtS: record.Seconds(t.At.Sub(r.zero)), Who: t.Who, Door: t.Door, What: t.What, On: t.On, Fault: t.Words, Stays: t.Stays, Edges: t.targets.Edges, Instances: t.targets.Instances}
		if t.Act != planned {
			a.Person, a.Act, a.ExpiresS = t.Person, t.Act, ptr(record.Seconds(t.Until.Sub(r.zero)))
		}
		if !t.Undone.IsZero() {
			a.UndoneS = ptr(record.Seconds(t.Undone.Sub(r.zero)))
		}
		if t.Receipt != nil {
			a.Receipt = ptr(receipt(*t.Receipt, t.kind))
		}
		out = append(out, a)
	}
	out = append(out, steerings(turns)...)
	slices.SortStableFunc(out, func(a, b record.Action) int { return cmp.Compare(a.AtS, b.AtS) })
	return out
}

// others are what was done beside the plan, and the instances that ended by themselves: what users felt then is not any fault's
// alone.
func (r *run) others() []analysis.OnOff {
	var out []analysis.OnOff
	for _, t := range r.touched {
		o := analysis.OnOff{What: t.String(), On: ptr(t.At.Sub(r.zero))}
		if !t.Undone.IsZero() {
			o.Off = ptr(t.Undone.Sub(r.zero))
		}
		out = append(out, o)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.deaths {
		out = append(out, analysis.OnOff{What: d.text, On: ptr(d.at)})
	}
	return out
}
