package control

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
	"github.com/squallhq/squall/scenarios/topology/blast"
)

// Blast is what a fault reaches, by the plan.
type Blast struct {
	// Hits says so in words: "2 of 3 replicas of orders".
	Hits string `json:"hits"`
	// Share of the users' requests that may meet it: of those of the last second, or where there were none the kind that may most.
	Share float64 `json:"share"`
	// Requests are those that may, by kind.
	Requests []Reached `json:"requests"`
	// Guard is the most that the scenario lets anybody put on without saying yes to it; absent: it sets no bound.
	Guard *float64 `json:"guard,omitempty"`
}

// seen tells that somebody is there.
func (o Options) seen() {
	if o.Seen != nil {
		o.Seen()
	}
}

// Reached is the share of one kind of requests that may meet a fault.
type Reached struct {
	Load    string  `json:"load"`
	Request string  `json:"request"`
	Share   float64 `json:"share"`
}

// String is it in a sentence.
func (b *Blast) String() string {
	text := "hits " + b.Hits
	if len(b.Requests) == 0 {
		return text + "; no user's request goes that way"
	}
	const most = 4
	var kinds []string
	for _, q := range b.Requests[:min(most, len(b.Requests))] {
		kinds = append(kinds, fmt.Sprintf("%s of %s (%s)", percent(q.Share), q.Request, q.Load))
	}
	if more := len(b.Requests) - most; more > 0 {
		kinds = append(kinds, fmt.Sprintf("some of %d more", more))
	}
	return fmt.Sprintf("%s; up to %s of the users' requests may meet it: %s", text, percent(b.Share), strings.Join(kinds, ", "))
}

func percent(share float64) string {
	if share > 0 && share < .01 {
		return "<1%"
	}
	return strconv.FormatFloat(100*share, 'f', 0, 64) + "%"
}

// Over tells that it is over the scenario's bound; one that nobody knows is not.
func (b *Blast) Over() bool { return b != nil && b.Guard != nil && b.Share > *b.Guard+1e-9 }

// Reach is the fault that is asked for as it would be put on now, and what it reaches, nil where there is no plan to tell by.
func (o Options) Reach(ctx context.Context, asked Asked) (topology.ResolvedFault, *Blast, error) {
	lasts, err := asked.lasts(DefaultFor)
	if err != nil {
		return topology.ResolvedFault{}, nil, err
	}
	standing, err := o.Hands.Status(ctx)
	if err != nil {
		return topology.ResolvedFault{}, nil, err
	}
	var on []faults.Fault
	for _, one := range standing.On {
		on = append(on, one.Fault.Fault)
	}
	fault, err := o.Read(asked.Fault, lasts, on)
	if err != nil {
		return topology.ResolvedFault{}, nil, err
	}
	return fault, o.blastOf(onMachines(fault, standing.Beside), standing.Scene.Requests), nil
}

// onMachines is a fault with all that is on the machines that it takes, as things stand; as it is where that can't be told.
func onMachines(fault topology.ResolvedFault, beside func(instance string) []string) topology.ResolvedFault {
	var all []faults.Primitive
	for _, p := range fault.Primitives {
		var others []string
		if beside != nil && p.Op.TakesMachine() {
			others = beside(p.Instance)
		}
		if len(others) == 0 {
			all = append(all, p)
		}
		for _, one := range others {
			all = append(all, faults.Primitive{Op: faults.OpStop, Instance: one})
		}
	}
	fault.Primitives = all
	return fault
}

// blastOf is what a fault reaches now.
func (o Options) blastOf(fault topology.ResolvedFault, live []record.LiveRequest) *Blast {
	if o.Plan == nil {
		return nil
	}
	radius := blast.Of(o.Plan, fault)
	out := &Blast{Hits: radius.String(), Requests: []Reached{}}
	if g := o.Plan.Scenario.Guard; g != nil {
		out.Guard = new(g.Blast)
	}
	sent, met, most := 0., 0., 0.
	for _, q := range radius.Requests {
		most = max(most, q.Share)
		if q.Share > 0 {
			out.Requests = append(out.Requests, Reached(q))
		}
		for _, l := range live {
			if l.Load == q.Load && l.Request == q.Request {
				sent, met = sent+float64(l.Sent), met+float64(l.Sent)*q.Share
			}
		}
	}
	if out.Share = most; sent > 0 {
		out.Share = met / sent
	}
	return out
}
