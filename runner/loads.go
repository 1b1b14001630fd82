package runner

import (
	"context"
	"fmt"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/scenarios"
)

// asks is what is driven in the phases, from the warm-up on.
func (r *run) asks() (order.Order, error) {
	o := order.Order{
		Loads: r.o.Plan.Scenario.Loads, Seed: r.o.Plan.Seed, WriteSeed: r.writeSeed(), From: -r.o.Plan.Scenario.WarmUpTime(), Until: r.o.Plan.Total,
		Exchanges: r.o.Results != nil,
		Edges:     map[string][]order.Edge{}, Targets: map[string]*scenarios.Node{}, Credentials: map[string]order.Credentials{},
	}
	for _, e := range r.o.Plan.Edges {
		if e.Client {
			o.Edges[e.From] = append(o.Edges[e.From], order.Edge{Name: e.Name, To: e.ToNode})
		}
	}
	for _, l := range r.o.Plan.Scenario.Loads {
		o.Targets[l.Name] = r.o.Plan.Scenario.Node(l.To)
		c, err := r.credentials(l)
		if err != nil {
			return o, fmt.Errorf("load %q: %w", l.Name, err)
		}
		o.Credentials[l.Name] = c
	}
	return o, nil
}

// reach says where other processes dial the loads' edges, and has their notices say how they look names up.
func (r *run) reach(s Reachable) (err error) {
	for _, edges := range r.asked.Edges {
		for i := range edges {
			if edges[i].Address, err = s.Reach(edges[i].Name); err != nil {
				return err
			}
		}
	}
	s.Lookups(func(edge string, to *faults.NameLookup) {
		r.notices.Change(edge, func(n *order.Notice) {
			if n.Lookup, n.Delay = "", 0; to != nil {
				n.Lookup, n.Delay = string(to.Answer), to.Delay
			}
		})
	})
	r.lookedUp = s.LookedUp
	return nil
}

// credentials are what a load has of the run's authority.
func (r *run) credentials(l *scenarios.Load) (order.Credentials, error) {
	var out order.Credentials
	if l.TLS == nil || !l.TLS.OfRun() {
		return out, nil
	}
	if l.TLS.TrustsRun {
		out.CA = r.authority.PEM
	}
	if l.TLS.ShowsRun {
		pair, err := r.authority.Issue([]string{l.Name}, "")
		if err != nil {
			return out, fmt.Errorf("tls: %w", err)
		}
		out.Cert, out.Key = pair.Cert, pair.Key
	}
	return out, nil
}

// stage says what the loads are, and starts generators that are other processes.
func (r *run) stage(ctx context.Context) (err error) {
	r.loader = r.o.Loader
	if r.asked, err = r.asks(); err != nil {
		return err
	}
	staged, is := r.o.Loader.(Staged)
	if !is {
		return nil
	}
	if reached, is := r.system.(Reachable); is {
		if err := r.reach(reached); err != nil {
			return err
		}
	}
	r.say("launching", "starting the load's generators")
	r.loader, r.unstage, err = staged.Stage(ctx, Stage{Run: r.o.Run, Dir: r.o.Dir, Order: r.asked})
	return err
}
