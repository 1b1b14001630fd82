package docker

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// planOf makes a plan by hand: instances in start order, each with the nodes that it calls.
func planOf(nodes ...*scenarios.Node) *topology.Plan {
	p := &topology.Plan{Scenario: &scenarios.Scenario{}, Seed: 1, Total: time.Minute}
	level := map[string]int{}
	instances := map[string][]string{}
	for _, n := range nodes {
		for _, callee := range callees(n) {
			level[n.Name] = max(level[n.Name], level[callee]+1)
		}
		for r := 1; r <= max(n.Replicas, 1); r++ {
			name := fmt.Sprintf("%s-%d", n.Name, r)
			instances[n.Name] = append(instances[n.Name], name)
			p.Instances = append(p.Instances, topology.Instance{Name: name, Node: n, Replica: r, Level: level[n.Name]})
			for _, callee := range callees(n) {
				for _, to := range instances[callee] {
					p.Edges = append(p.Edges, topology.Edge{Name: name + ":" + to, From: name, To: to, FromNode: n.Name, ToNode: callee})
				}
			}
		}
	}
	return p
}

// load adds a client edge to every instance of a node.
func load(p *topology.Plan, name, node string) *topology.Plan {
	for _, i := range p.Instances {
		if i.Node.Name == node {
			p.Edges = append(p.Edges, topology.Edge{Name: name + ":" + i.Name, From: name, To: i.Name, FromNode: name, ToNode: node, Client: true})
		}
	}
	return p
}

func callees(n *scenarios.Node) []string {
	out := append([]string(nil), n.Calls...)
	if n.ReplicaOf != "" {
		out = append(out, n.ReplicaOf)
	}
	for _, r := range n.Routes {
		out = append(out, r.To)
	}
	n.EachStep(func(s *scenarios.Step, _ scenarios.Path) {
		for _, use := range s.Uses() {
			out = append(out, use.Node)
		}
	})
	var once []string
	for _, name := range out {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

func service(name string, steps ...scenarios.Step) *scenarios.Node {
	return &scenarios.Node{Name: name, Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
		{Match: "GET /", Steps: steps}, {Match: "POST /", Steps: steps},
	}}}
}

func gateway(name string, to ...string) *scenarios.Node {
	n := &scenarios.Node{Name: name, Kind: scenarios.KindGateway}
	for _, t := range to {
		n.Routes = append(n.Routes, scenarios.Route{Match: "/" + t + "/*", To: t})
	}
	return n
}

func work(d time.Duration) scenarios.Step { return scenarios.Step{Work: &scenarios.Work{Mean: d}} }

func callStep(node string) scenarios.Step {
	return scenarios.Step{Call: &scenarios.Call{Node: node, Method: "GET", Path: "/"}}
}

// launched is a running plan of a test.
type launched struct {
	runner.System
	*testbed
	said func() []string
}

// watched is an attempt whose testbed a test can look at.
type watched struct {
	attempt
	up *testbed
}

func (w *watched) Up(ctx context.Context, r engine.Run) (engine.Testbed, error) {
	up, err := w.attempt.Up(ctx, r)
	if err == nil {
		w.up = up.(*testbed)
	}
	return up, err
}

// Dial and Down are the system's, where a testbed has its own.
func (l launched) Dial(ctx context.Context, edge string) (net.Conn, error) {
	return l.System.Dial(ctx, edge)
}
func (l launched) Down(ctx context.Context) error { return l.System.Down(ctx) }

// launch starts a plan and takes it down when the test ends; nothing may be left then.
func launch(t testing.TB, o Options, p *topology.Plan) launched {
	t.Helper()
	return launchIn(t, t.TempDir(), o, p)
}

func launchIn(t testing.TB, dir string, o Options, p *topology.Plan) launched {
	t.Helper()
	if o.Exe == "" {
		o.Exe = squallbin.Path(t)
	}
	e := testEngine(t, o)
	run := fmt.Sprintf("test-%x", time.Now().UnixNano())
	var mu sync.Mutex
	var said []string
	cleanRun(t, e, run)
	begin := time.Now()
	w := &watched{attempt: attempt{e, 1}}
	s, err := engine.Launch(t.Context(), w, runner.Launch{Plan: p, Run: run, Dir: dir, Progress: func(text string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, fmt.Sprintf("%6d ms %s", time.Since(begin).Milliseconds(), text))
	}})
	if err != nil {
		for _, line := range said {
			t.Log(line)
		}
		t.Fatalf("launch: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Down(ctx); err != nil {
			t.Errorf("down: %v", err)
		}
		wantNothing(t, e, run)
		if t.Failed() {
			mu.Lock()
			defer mu.Unlock()
			for _, line := range said {
				t.Log(line)
			}
		}
	})
	return launched{System: s, testbed: w.up, said: func() []string { mu.Lock(); defer mu.Unlock(); return said }}
}

// client is an HTTP client whose connections go over one client edge.
func (l launched) client(edge string) *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx, edge) },
	}}
}
