package kubernetes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/agent"
)

// again is how long somebody who was not answered waits before he asks anew.
const again = 200 * time.Millisecond

// followAll begins to follow what the agent tells, until the run is taken down, or the pod goes.
func (p *pod) followAll() {
	ctx, end := context.WithCancel(p.living)
	p.follows = end
	p.owned.Go(func() { p.followEvents(ctx) })
	p.owned.Go(func() { p.followLog(ctx) })
}

// followEvents takes what the agent tells of the instance.
func (p *pod) followEvents(ctx context.Context) {
	var last int64
	for ctx.Err() == nil {
		events, err := p.agent.Events(ctx, last)
		if err != nil {
			if !rest(ctx) {
				return
			}
			continue
		}
		for _, e := range events {
			last = e.Number
			p.take(e)
		}
	}
}

// rest waits a moment, and tells whether it was not cut short.
func rest(ctx context.Context) bool {
	select {
	case <-time.After(again):
		return true
	case <-ctx.Done():
		return false
	}
}

// take takes one event.
func (p *pod) take(e agent.Event) {
	k := p.life(e.Incarnation)
	switch e.Kind {
	case agent.Ends:
		k.words = e.Exit.Words
		k.end(ending(e.Exit))
	case agent.Stops:
		p.Notice(engine.Notice{On: p.place.Name, At: e.At, Door: signalDoor, What: "stopped (SIGSTOP)", Now: engine.Still})
	case agent.GoesOn:
		p.Notice(engine.Notice{On: p.place.Name, At: e.At, Door: signalDoor, What: "continued (SIGCONT)", Now: engine.Running})
	case agent.Starves:
		s := &engine.Starved{At: e.At}
		if e.Starved != nil && e.Starved.Limit != nil {
			s.Limit = *e.Starved.Limit
		}
		p.Starved(p.place.Name, s)
	}
}

func (p *pod) logFile() string { return filepath.Join(p.Dir, "logs", p.place.Name+".log") }

// followLog copies what the instance says into its log file, as it says it.
func (p *pod) followLog(ctx context.Context) {
	file, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		p.Progress(fmt.Sprintf("the log of %s is not kept: %s", p.place.Name, err))
		return
	}
	defer func() { _ = file.Close() }()
	var from int64
	for ctx.Err() == nil {
		next, lost, err := p.agent.Log(ctx, from, file)
		if lost > 0 {
			fmt.Fprintf(file, "\n[squall: %d bytes are missing here: they came faster than they were taken]\n", lost)
		}
		from = next
		if err == nil && ctx.Err() == nil {
			continue
		}
		if !rest(ctx) {
			return
		}
	}
}
