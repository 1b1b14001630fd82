package runner

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Held is a run of which everything is measured, while its system still stands.
type Held struct {
	Result *record.Result
	// Addresses are where its parts answer on this machine until Hold returns, as far as the engine can say; Err says
	// why there are none, or not all.
	Addresses []Address
	Err       error
	// Drive sends the loads on at the rates with which they ended, unmeasured, until ctx ends.
	Drive func(ctx context.Context) error
}

// Address is where a part of a system answers: What it is, and a URL, or HOST:PORT where it speaks no HTTP.
type Address struct{ What, URL string }

// Opener is a System that can say where its parts answer on this machine, until ctx ends.
type Opener interface {
	Open(ctx context.Context) ([]Address, error)
}

// ready tells where the parts of what is launched answer, until done is called.
func (r *run) ready(ctx context.Context) (done func()) {
	if r.o.Ready == nil {
		return func() {}
	}
	ctx, done = context.WithCancel(ctx)
	if o, is := r.system.(Opener); is {
		addresses, err := o.Open(ctx)
		r.o.Ready(ctx, addresses, err)
	}
	return done
}

// hold leaves the system up for as long as Options.Hold takes.
func (r *run) hold(ctx context.Context, result *record.Result) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	held := Held{Result: result, Drive: r.driveOn}
	if o, is := r.system.(Opener); is {
		held.Addresses, held.Err = o.Open(ctx)
	}
	over := r.keepUp(ctx, done)
	r.o.Hold(ctx, held)
	done()
	<-over
}

// keepUp takes orders of people until ctx ends, when over is closed: what they put on is undone by then. What they do stands among the events that are
// written as they happen, and no more in the record, which is judged already. Who aborts it ends it.
func (r *run) keepUp(ctx context.Context, end context.CancelFunc) (over <-chan struct{}) {
	done := make(chan struct{})
	if r.o.Hands == nil {
		close(done)
		return done
	}
	orders, noMore := r.o.Hands.open()
	r.kept, r.tick = true, nextSecond(time.Since(r.zero))
	r.say("kept", "")
	go func() {
		defer close(done)
		defer r.lift(ctx)
		defer noMore()
		for r.keptFor(ctx, orders) {
			if r.aborted != nil {
				end()
			}
		}
	}()
	return done
}

// keptFor sees to what comes next of a system that is kept up; false: ctx has ended.
func (r *run) keptFor(ctx context.Context, orders <-chan wish) bool {
	timer := time.NewTimer(time.Until(r.zero.Add(min(r.tick, r.expiry()))))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case err := <-r.system.Died():
		r.died(err)
	case t := <-r.system.Touches():
		r.sees(t)
	case o := <-orders:
		o(ctx, r)
	}
	now := time.Since(r.zero)
	r.expire(ctx, now)
	if now >= r.tick {
		r.sampling(ctx, new(*Observation))
		r.report(now)
		r.tick = nextSecond(now)
	}
	return true
}

// driveOn drives the loads from the end of the last phase on. The end of ctx is no error.
func (r *run) driveOn(ctx context.Context) error {
	o := r.asked
	o.From, o.Until = r.o.Plan.Total, math.MaxInt64/2
	o.Exchanges = false
	o.WriteSeed = ^o.WriteSeed // its requests are counted from the first again, and no write has the id of an earlier one
	d := Drive{Order: o, Zero: time.Now().Add(lead - r.o.Plan.Total), Notices: &r.notices, LookedUp: r.lookedUp, Dial: r.system.Dial, Keep: r.keep, Record: func(record.Sample) {}}
	_, err := r.loader.Drive(ctx, d)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}
