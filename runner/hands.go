package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/monitoring"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// By is who does something to a run: Who they are as they say, "" where they do not, and the door that they came through.
type By struct{ Who, Door string }

// how says who did something, for those who read it.
func (b By) how() string {
	a := b.action()
	return a.How()
}

// action is one of theirs, of which what it was is not said yet.
func (b By) action() record.Action {
	if b.Door == pauseDoor {
		return record.Action{Who: record.ByItself, Door: b.Door}
	}
	return record.Action{Who: record.ByHand, Person: b.Who, Door: b.Door}
}

// Hands are what people steer a run with while it goes on. Its methods may be called at any time and by several at once; each
// returns when what was asked for is done, or refused. The zero value is ready.
type Hands struct {
	mu     sync.Mutex
	orders chan wish
	over   chan struct{}

	making  sync.Mutex // guards account
	account *account   // of those who asked for the record; nil: nobody did
}

// wish is what somebody orders; it is carried out by the one loop.
type wish func(ctx context.Context, r *run)

// The errors of a run that takes no orders.
var (
	ErrNotYet = errors.New("the run is being launched: it takes orders from its warm-up on")
	ErrOver   = errors.New("the run is ending: it takes no orders any more")
)

// Aborted is the cause of a run's end where a person ended it.
type Aborted struct {
	By  By
	Why string
}

func (a *Aborted) Error() string {
	text := "aborted (" + a.By.how() + ")"
	if a.Why != "" {
		text += ": " + a.Why
	}
	return text
}

// Standing is a run as it stands.
type Standing struct {
	// State is as in record.Status; Phase is "" before the first and after the last.
	State, Phase string
	// Next is the phase that comes after it, "" where none does; Held tells that somebody holds it, until HeldUntil at most.
	Next string
	Held bool
	// Waits tells that the phase waits for somebody who says go.
	Waits     bool
	HeldUntil time.Duration
	// Phases are those that were and those that will be, by the run's time: as things stand, or as if a hold ended now.
	Phases []topology.Span
	// Elapsed of Total counts from the start of the first phase.
	Elapsed, Total time.Duration
	// On is all that is on: what was planned, and what people did.
	On []On
	// Paces are those that people have given loads, as long as they are not the plan's again.
	Paces []Paced
	// Coming are the planned faults whose countdown has begun.
	Coming []Coming
	// Scene is what is to be seen.
	Scene record.Scene
	// Beside are the instances on the machine of one as things stand, itself among them; nil: that can't be told.
	Beside func(instance string) []string
}

// Coming is a fault that begins soon: in words, and when, from the start of the first phase.
type Coming struct {
	Text string
	At   time.Duration
}

// Paced is a load at a pace that a person gave it: in words (x2, 300/s), and since when, from the start of the first phase.
type Paced struct {
	Load, Pace string
	By         By
	Since      time.Duration
}

// On is a fault that is on.
type On struct {
	Fault topology.ResolvedFault
	// Act is what it is called by where a person put it on, 0 where it was planned.
	Act int
	By  By
	// Since and Until count from the start of the first phase.
	Since, Until time.Duration
}

// Status tells how the run stands.
func (h *Hands) Status(ctx context.Context) (Standing, error) {
	var out Standing
	err := h.now(ctx, func(r *run, now time.Duration) error { out = r.standing(now); return nil })
	return out, err
}

// Record is what was measured until now: the phases that have begun, the one that goes on cut at now; the edges and nodes by the last reading of
// their counters; the faults, acts, trips and events. What needs the end is absent: checks, findings, writes, traces, the receipts of what is still on; its
// verdict is record.UnderWay. It is to be read only. The loop hands out what it has and goes on; the record is made where it is asked for, at
// the cost of what has changed since it was asked for before.
func (h *Hands) Record(ctx context.Context) (*record.Result, error) {
	h.making.Lock()
	defer h.making.Unlock()
	var l look
	if err := h.now(ctx, func(r *run, now time.Duration) error { l = r.look(now); return nil }); err != nil {
		return nil, err
	}
	if h.account == nil {
		h.account = &account{follower: record.NewFollower(l.run.recorder), phases: map[int]counted{}}
	}
	return h.account.record(l), nil
}

// Inject puts a fault on, until it ends or is cleared, or the phases are over, and returns when it is in force. The fault's Start
// and End say for how long; when it comes on is now.
func (h *Hands) Inject(ctx context.Context, by By, fault topology.ResolvedFault) (On, error) {
	var out On
	err := h.ask(ctx, func(ctx context.Context, r *run, done func(error)) {
		r.act(ctx, by, fault, func(on On, err error) { out = on; done(err) })
	})
	return out, err
}

// Clear takes off what people put on: one act, or with 0 all of them. It returns what was taken off, when it is.
func (h *Hands) Clear(ctx context.Context, by By, act int) ([]int, error) {
	var out []int
	err := h.ask(ctx, func(ctx context.Context, r *run, done func(error)) {
		r.happened(time.Since(r.zero), "said", cleared(act)+" ("+by.how()+")")
		r.clear(ctx, act, func(off []int, err error) { out = off; done(err) })
	})
	return out, err
}

// Note puts what a person says into the record, at this moment.
func (h *Hands) Note(ctx context.Context, by By, text string) error {
	return h.now(ctx, func(r *run, now time.Duration) error {
		r.happened(now, "said", fmt.Sprintf("%s (%s)", text, by.how()))
		return nil
	})
}

// Mark marks this moment, by a name: reports draw it through everything.
func (h *Hands) Mark(ctx context.Context, by By, name string) error {
	return h.now(ctx, func(r *run, now time.Duration) error {
		r.happened(now, "mark", fmt.Sprintf("%s (%s)", name, by.how()))
		return nil
	})
}

// Alert puts what monitoring tells of into the record, at this moment.
func (h *Hands) Alert(ctx context.Context, alerts []record.Alert) error {
	return h.now(ctx, func(r *run, now time.Duration) error {
		for _, a := range alerts {
			a.AtS = record.Seconds(now)
			r.alerts = append(r.alerts, a)
			r.happened(now, "alert", a.String())
		}
		return nil
	})
}

// Monitored puts what monitoring has answered into the record, at this moment.
func (h *Hands) Monitored(ctx context.Context, told monitoring.Told) error {
	return h.now(ctx, func(r *run, now time.Duration) error {
		alerts, note := r.monitored.Hear(now, r.zero, told)
		if note != "" {
			r.happened(now, "note", note)
		}
		for _, a := range alerts {
			r.alerts = append(r.alerts, a)
			r.happened(now, "alert", a.String())
		}
		return nil
	})
}

// Abort ends the phases: everything is undone, and what was measured until now is the record.
func (h *Hands) Abort(ctx context.Context, by By, why string) error {
	return h.now(ctx, func(r *run, now time.Duration) error {
		if r.aborted == nil {
			r.aborted = &Aborted{by, why}
			r.happened(now, "action", r.aborted.Error())
		}
		return nil
	})
}

// cleared is an order to clear in words.
func cleared(act int) string {
	if act == planned {
		return "clear all acts"
	}
	return fmt.Sprintf("clear act %d", act)
}

// now has the loop do what is done at once.
func (h *Hands) now(ctx context.Context, do func(r *run, now time.Duration) error) error {
	return h.ask(ctx, func(_ context.Context, r *run, done func(error)) { done(do(r, time.Since(r.zero))) })
}

// ask has the loop carry an order out, and waits until it is done.
func (h *Hands) ask(ctx context.Context, do func(ctx context.Context, r *run, done func(error))) error {
	h.mu.Lock()
	orders, over := h.orders, h.over
	h.mu.Unlock()
	if orders == nil {
		return ErrNotYet
	}
	answer := make(chan error, 1)
	select {
	case orders <- func(ctx context.Context, r *run) { do(ctx, r, func(err error) { answer <- err }) }:
		return <-answer // every operation has its own bound
	case <-over:
		return ErrOver
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// open lets a run's loop take orders, and returns what ends that. Channels are made here, since time may be virtual where it runs.
func (h *Hands) open() (orders <-chan wish, end func()) {
	if h == nil {
		return nil, func() {}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.orders, h.over = make(chan wish), make(chan struct{})
	return h.orders, sync.OnceFunc(func() { close(h.over) })
}
