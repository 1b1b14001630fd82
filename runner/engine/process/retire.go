package process

import (
	"context"
	"net/http"
	"time"

	"github.com/squallhq/squall/faults"
)

const (
	// notice is the time between telling callers and ending: what they had chosen by then is sent.
	notice = 100 * time.Millisecond
	// drainGrace bounds how long an instance may take to finish what it has.
	drainGrace = 10 * time.Second
	// tellTimeout bounds telling one caller; one that can't be told has to find out.
	tellTimeout = time.Second
)

// retire ends the instance as SIGTERM does: it takes nothing new and finishes what it has. Its callers are told first.
func (i *instance) retire(ctx context.Context, p faults.Primitive) {
	if !p.Untold {
		i.callers(ctx, http.MethodPut)
		time.Sleep(notice)
	}
	if i.pauses == 0 {
		_ = i.read(ctx) // then the last reading stands
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainGrace)
		i.current().stop(grace.Done())
		cancel()
	}
	i.bury(ctx)
}

// callers tells the instances that call this one that it is about to end (PUT), or back (DELETE).
func (i *instance) callers(ctx context.Context, method string) {
	for _, e := range i.s.edgesInto(i.plan.Name) {
		caller, is := i.s.byName[e.From]
		if !is {
			continue // a load, which the run tells
		}
		bounded, cancel := context.WithTimeout(ctx, tellTimeout)
		_ = caller.admin(bounded, method, "/withdrawn/"+i.plan.Name, nil, nil)
		cancel()
	}
}
