package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
)

// death is an instance's end that nobody of the run wanted.
type death struct {
	at   time.Duration
	text string
}

// String is a touch in words, as events and the report have it.
func (t Touch) String() string {
	how := "by hand"
	if t.Who == record.ByOutside {
		how = "from outside"
	}
	return fmt.Sprintf("%s on %s (%s, %s)", t.What, t.On, how, t.Door)
}

// readTouched reads what others did, with what met it, and puts it among the events.
func (r *run) readTouched(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), observeTimeout)
	defer cancel()
	touched, err := r.system.Touched(ctx)
	r.touched = touched
	now := time.Since(r.zero)
	r.mu.Lock()
	defer r.mu.Unlock()
	add := func(at time.Duration, kind, text string) {
		r.events = append(r.events, record.Event{AtS: record.Seconds(at), Kind: kind, Text: text})
	}
	for _, t := range touched {
		add(t.At.Sub(r.zero), "action", t.String())
		if !t.Undone.IsZero() {
			add(t.Undone.Sub(r.zero), "action", t.String()+": taken back")
		}
	}
	if err != nil {
		add(now, "note", "what met the actions of others could not be read: "+err.Error())
	}
}

// actions are the touches as the record has them.
func (r *run) actions() []record.Action {
	var out []record.Action
	for _, t := range r.touched {
		a := record.Action{AtS: record.Seconds(t.At.Sub(r.zero)), Who: t.Who, Door: t.Door, What: t.What, On: t.On}
		if !t.Undone.IsZero() {
			a.UndoneS = ptr(record.Seconds(t.Undone.Sub(r.zero)))
		}
		if t.Receipt != nil {
			a.Receipt = ptr(receipt(*t.Receipt, ""))
		}
		out = append(out, a)
	}
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
