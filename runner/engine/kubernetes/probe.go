package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/squallhq/squall/internal/clocks"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Probe is what three small pods have found out about a cluster.
type Probe struct {
	// Up is how long they took until they ran and answered, from the first object on: with their image pulled, where it was not there.
	Up time.Duration
	// Clocks are how far the clocks of their machines are ahead of this one's, each with by how much that may be off.
	Clocks []clocks.Offset
	// Enforced tells whether the cluster's network enforces policies: nil where that could not be told, and Why is why.
	Enforced *bool
	Why      string
}

const (
	// probeDial bounds one try to connect: what is dropped is never answered.
	probeDial = 2 * time.Second
	// probeLag is how long a network may take until it enforces a policy that is new.
	probeLag = 6 * time.Second
)

// Probe makes a run of three pods, as any run's are, looks at them, and removes it.
func (e *Engine) Probe(ctx context.Context, run string) (p Probe, err error) {
	plan, err := probed()
	if err != nil {
		return p, err
	}
	dir, err := os.MkdirTemp("", "squall-doctor-")
	if err != nil {
		return p, fmt.Errorf("probe the cluster: %w", err)
	}
	defer os.RemoveAll(dir)
	begun := time.Now()
	made, err := e.Up(ctx, engine.Run{Launch: runner.Launch{Plan: plan, Run: run, Dir: dir, Progress: func(string) {}},
		Died: func(string, error, string) {}, Notice: func(engine.Notice) {}, Starved: func(string, *engine.Starved) {}})
	if err != nil {
		return p, err
	}
	t := made.(*testbed)
	defer func() {
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		err = errors.Join(err, t.Down(down, nil))
	}()
	p.Up = time.Since(begun)
	for _, one := range t.pods {
		o, err := clocks.Measure(ctx, probeTimes, one.mesh.Clock)
		if err != nil {
			return p, fmt.Errorf("compare the clock of pod %s: %w", one.place.Pod, err)
		}
		p.Clocks = append(p.Clocks, o)
	}
	p.Enforced, p.Why = t.enforced(ctx)
	return p, nil
}

// Admits asks whether the cluster would make what a small run makes, and makes nothing: an admission that refuses pods is told in its own words.
func (e *Engine) Admits(ctx context.Context, run string) error {
	plan, err := probed()
	if err != nil {
		return err
	}
	set, err := objects.Make(plan, e.objects(plan, run))
	if err != nil {
		return err
	}
	for _, one := range set.Pods {
		if err := e.o.Client.Try(ctx, apiserver.Pods, one); err != nil {
			return err
		}
	}
	for _, one := range set.Policies {
		if err := e.o.Client.Try(ctx, apiserver.NetworkPolicies, one); err != nil {
			return err
		}
	}
	return nil
}

// probeTimes is how often a clock is asked for.
const probeTimes = 8

// probed is a plan of one instance that calls two.
func probed() (*topology.Plan, error) {
	serves := func(match string, steps ...scenarios.Step) scenarios.Service {
		return scenarios.Service{Endpoints: []*scenarios.Endpoint{{Match: match, Steps: steps}}}
	}
	s := &scenarios.Scenario{
		Name: "doctor",
		Nodes: []*scenarios.Node{
			{Name: "near", Kind: scenarios.KindService, Service: serves("GET /", scenarios.Step{Call: &scenarios.Call{Node: "far", Method: "GET", Path: "/"}})},
			{Name: "far", Kind: scenarios.KindService, Replicas: 2, Service: serves("GET /", scenarios.Step{Work: &scenarios.Work{Mean: time.Millisecond}})},
		},
		Loads:  []*scenarios.Load{{Name: "nobody", To: "near", Rate: 1}},
		Phases: []*scenarios.Phase{{Name: "none", For: time.Second}},
	}
	return topology.New(s, 1)
}

// enforced tells whether the network keeps pods apart that a plan does not connect: one that calls another reaches where that serves, and not where the
// mesh beside it is told what to do.
func (t *testbed) enforced(ctx context.Context) (*bool, string) {
	near, far := t.byName["near-1"], t.byName["far-1"]
	yes, no := true, false
	served := near.tries(ctx, far.at(far.place.Serves))
	if !reached(served) {
		return nil, "a pod could not reach another one that it may call: " + lastWords(served)
	}
	for begun := time.Now(); time.Since(begun) < probeLag; rest(ctx) {
		err := near.tries(ctx, far.at(far.place.Mesh))
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx).Error()
		case err != nil:
			return &yes, ""
		}
	}
	return &no, ""
}

// tries connects to an address from within the pod.
func (p *pod) tries(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, probeDial)
	defer cancel()
	c, err := p.mesh.DialVia(ctx, address)
	if err != nil {
		return err
	}
	return c.Close()
}

// reached tells whether somebody has answered, if only that nobody listens: the error is another process's, told in its words.
func reached(err error) bool {
	return err == nil || strings.Contains(err.Error(), syscall.ECONNREFUSED.Error())
}

func lastWords(err error) string {
	words := strings.Split(err.Error(), ": ")
	return strings.Join(words[max(0, len(words)-2):], ": ")
}
