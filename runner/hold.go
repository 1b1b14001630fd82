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

// hold leaves the system up for as long as Options.Hold takes.
func (r *run) hold(ctx context.Context, result *record.Result) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	held := Held{Result: result, Drive: r.driveOn}
	if o, is := r.system.(Opener); is {
		held.Addresses, held.Err = o.Open(ctx)
	}
	r.o.Hold(ctx, held)
}

// driveOn drives the loads from the end of the last phase on. The end of ctx is no error.
func (r *run) driveOn(ctx context.Context) error {
	_, err := r.o.Loader.Drive(ctx, Drive{
		Loads: r.o.Plan.Scenario.Loads, Seed: r.o.Plan.Seed,
		Zero: time.Now().Add(lead - r.o.Plan.Total), From: r.o.Plan.Total, Until: math.MaxInt64 / 2,
		Edges: r.clientEdges(), Withdrawn: r.isWithdrawn, Dial: r.system.Dial, Record: func(record.Sample) {},
	})
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}
