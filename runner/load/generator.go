package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

// Options of a Generator.
type Options struct {
	// FineWait waits for intended times finer than Go's timers can, by the kernel's clock. It must
	// be off inside a bubble of virtual time.
	FineWait bool
	// MaxBody is the most that is read of an answer's body; a longer one is a failure of class
	// body. Default 64 MiB.
	MaxBody int64
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
func (g *Generator) Drive(ctx context.Context, d runner.Drive) (record.Generator, error) {
	meter := newMeter(d)
	results := newResults(d.Results)
	classes := make([]*class, len(d.Loads))
	for i, l := range d.Loads {
		// Loads of one rate would send at the same instants, and at those at which faults begin. A ns decides who is first.
		own := d
		own.Zero = d.Zero.Add(time.Duration(i+1) * time.Nanosecond)
		c, err := newClass(own, l, g.options, meter, results)
		if err != nil {
			return record.Generator{}, fmt.Errorf("drive load %q: %w", l.Name, err)
		}
		classes[i] = c
	}
	results.start()
	var wg sync.WaitGroup
	for _, c := range classes {
		wg.Go(func() { c.run(ctx) })
	}
	wg.Wait()
	end := d.Until // also where the last request was answered long before: rates are of the time that was asked for
	if ctx.Err() != nil {
		end = min(time.Since(d.Zero), d.Until)
	}
	figures := meter.figures(end)
	figures.Stalls = stalls(classes, end-meter.from)
	return figures, errors.Join(ctx.Err(), results.close())
}
