// Package load drives users at a system, on schedule, and says honestly how that went.
//
// vegeta (github.com/tsenart/vegeta/v12/lib) is the scheduler and the worker pool: each open load
// gets an Attacker of its own (an Attacker is good for one attack) with our Pacer, which knows
// the intended time of every request, and our http.RoundTripper, which sends it and takes the
// sample. vegeta's own results are not used: they are timed from when a worker starts, so they
// hide every delay that the schedule suffers.
//
// # Intended times: no coordinated omission
//
// Latency counts from the intended time. What that is depends on the load:
//
//   - open: the arrival, computed from the rate before anything is sent; it never depends on the system.
//   - closed (users and think time): the moment when the user's think time ended. A slow system
//     makes such users send less; that is what a closed load is, and why the open one is the default.
//   - partly open (sessions): a session's first request is intended at its arrival, each further
//     one when the think time after the last answer ended.
//
// A user's patience (the load's timeout) counts from the intended time too. A request that could
// not be sent within it, that would exceed max_in_flight, or that was due when the run was
// interrupted is unsent, and counted: intended = sent + unsent, to the request.
//
// # Connections
//
// HTTP/1.1 with keep-alive, over connections that Drive.Dial opens: as many as there are requests
// in flight; or HTTP/2, whose connections carry as many as they have room for. Requests take the load's
// edges in turn. Nothing is retried, and no redirect is followed unless the request says how many: one
// intended request is at most one request on the wire, and one for each redirect. A pooled connection that
// its peer has closed is noticed before it is used and replaced.
package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/results"
)

// Options of a Generator.
type Options struct {
	// FineWait waits for intended times finer than Go's timers can, by the kernel's clock. It must
	// be off inside a bubble of virtual time.
	FineWait bool
	// MaxBody is the most that is read of an answer's body; a longer one is a failure of class
	// body. Default 64 MiB.
	MaxBody int64
	// Commons are shared with other drives of this process; nil: each drive has its own connections.
	Commons *Commons
}

const defaultMaxBody = 64 << 20

// Generator drives loads by vegeta. It keeps nothing between two drives: each numbers its
// requests from 0, so that the same order gives the same requests.
type Generator struct{ options Options }

var _ runner.Loader = (*Generator)(nil)

// New makes a generator.
func New(o Options) *Generator {
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	return &Generator{options: o}
}

// Drive implements runner.Loader. The error says what in the order is wrong (then nothing was
// sent), that the results could not be written, or that ctx ended; the figures are valid in the last two cases.
func (g *Generator) Drive(ctx context.Context, d runner.Drive) (runner.Driven, error) {
	meter := newMeter(d)
	classes := make([]*class, len(d.Loads))
	for i, l := range d.Loads {
		own := d
		own.Zero = order.Zero(d.Zero, i)
		c, err := newClass(own, l, g.options, meter)
		if err != nil {
			return runner.Driven{}, fmt.Errorf("drive load %q: %w", l.Name, err)
		}
		classes[i] = c
	}
	results := results.New(d.Results)
	var wg sync.WaitGroup
	for _, c := range classes {
		c.results = results
		wg.Go(func() { c.run(ctx) })
	}
	wg.Wait()
	end := until(d) // also where the last request was answered long before: rates are of the time that was asked for
	if ctx.Err() != nil {
		end = min(time.Since(d.Zero), end)
	}
	f := meter.figures(end)
	for _, c := range classes {
		if c.load.Users > 0 {
			f.Closed = append(f.Closed, c.waits.Figures(c.load.Name, c.load.Users))
		}
	}
	slices.SortFunc(f.Closed, func(a, b figures.Closed) int { return cmp.Compare(a.Load, b.Load) })
	wrong := []error{ctx.Err(), results.Close()}
	for _, c := range classes {
		if c.wrong != nil {
			wrong = append(wrong, fmt.Errorf("drive load %q: %w", c.load.Name, c.wrong))
		}
	}
	return runner.Driven{Generator: f.Generator(), Figures: f}, errors.Join(wrong...)
}
