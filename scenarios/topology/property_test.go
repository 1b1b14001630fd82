package topology

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// FuzzNew draws a small scenario from a seed, sensible or not, and holds its plan to what every
// plan promises.
func FuzzNew(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		p, err := New(random(seed), seed)
		again, errAgain := New(random(seed), seed)
		if fmt.Sprint(err) != fmt.Sprint(errAgain) || !reflect.DeepEqual(p, again) {
			t.Fatalf("the same scenario and seed gave two plans:\n%v\n%v", err, errAgain)
		}
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 || p != nil {
				t.Fatalf("no problems, or a plan with them: %v", err)
			}
			return
		}
		checkGraph(t, p)
		checkSchedule(t, p)
		checkText(t, p)
	})
}

// TestRandomScenariosAreNotAllRefused: the fuzz test would prove little if most were.
func TestRandomScenariosAreNotAllRefused(t *testing.T) {
	planned, faulty := 0, 0
	for seed := range uint64(300) {
		if p, err := New(random(seed), seed); err == nil {
			planned++
			faulty += len(p.Faults)
		}
	}
	if planned < 60 || faulty < 60 {
		t.Errorf("of 300 random scenarios %d have a plan, with %d faults", planned, faulty)
	}
}

// checkGraph: names are unique, edges join what there is, and callees start before callers.
func checkGraph(t *testing.T, p *Plan) {
	t.Helper()
	seen := map[string]bool{}
	level := 0
	for _, i := range p.Instances {
		if seen[i.Name] || i.Level < level {
			t.Fatalf("%s is there twice, or starts too late", i.Name)
		}
		seen[i.Name], level = true, i.Level
	}
	edges := map[string]bool{}
	for _, e := range p.Edges {
		from, isInstance := p.Instance(e.From)
		to, ok := p.Instance(e.To)
		if edges[e.Name] || !ok || isInstance == e.Client || e.Name != e.From+":"+e.To {
			t.Fatalf("edge %+v", e)
		}
		edges[e.Name] = true
		if isInstance && from.Level <= to.Level && from.Node.Kind != scenarios.KindQueue && from.Node.Kind != scenarios.KindStream {
			t.Fatalf("%s starts no later than %s, which it calls", from.Name, to.Name)
		}
	}
}

// checkSchedule: every begin has one end later, in the run, and every primitive's target exists.
func checkSchedule(t *testing.T, p *Plan) {
	t.Helper()
	on := map[int]bool{}
	last, begun := time.Duration(0), 0
	for i, e := range p.Schedule {
		if e.At < last || e.At > p.Total || on[e.Fault] == e.Begin {
			t.Fatalf("event %d %+v after %s, of %s", i, e, last, p.Total)
		}
		if i > 0 && e.At == last && !e.Begin && p.Schedule[i-1].Begin {
			t.Fatalf("event %d begins before another ends at the same time", i-1)
		}
		if f := p.Faults[e.Fault]; e.Begin && e.At != f.Start || !e.Begin && e.At != f.End || f.End <= f.Start {
			t.Fatalf("event %+v of a fault from %s to %s", e, f.Start, f.End)
		}
		if e.Begin {
			begun++
		}
		on[e.Fault], last = e.Begin, e.At
	}
	for fault, still := range on {
		if still {
			t.Fatalf("fault %d never ends", fault)
		}
	}
	if begun != len(p.Faults) {
		t.Fatalf("%d of %d faults begin", begun, len(p.Faults))
	}
	edges := map[string]bool{}
	for _, e := range p.Edges {
		edges[e.Name] = true
	}
	for _, f := range p.Faults {
		if len(f.Primitives) == 0 {
			t.Fatalf("%s does nothing", f.Fault.Kind)
		}
		for _, primitive := range f.Primitives {
			_, isInstance := p.Instance(primitive.Instance)
			if primitive.Edge != "" != edges[primitive.Edge] || primitive.Instance != "" != isInstance || isInstance == edges[primitive.Edge] {
				t.Fatalf("%s is on nothing, or on two things", primitive)
			}
		}
	}
}

func checkText(t *testing.T, p *Plan) {
	t.Helper()
	var out bytes.Buffer
	if err := p.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(out.Bytes()) {
		if n := len([]rune(string(line))); n > width+1 {
			t.Fatalf("a line of %d characters: %s", n, line)
		}
	}
}

// random is a scenario of up to 6 nodes, 3 loads, 3 phases and 2 faults in each. Calls mostly go to later nodes.
func random(seed uint64) *scenarios.Scenario {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	s := &scenarios.Scenario{Name: "random", Seed: seed}
	names := []string{"a", "b", "c", "d", "e", "f"}[:1+r.IntN(6)]
	for i, name := range names {
		n := &scenarios.Node{Name: name, Kind: scenarios.Kind(pick("service", "queue", "stream", "image")), Replicas: r.IntN(4),
			Region: pick("", "eu", "us"), Zone: pick("", "x", "y"), CPUs: float64(r.IntN(3)), Labels: map[string]string{"team": pick("red", "blue")}}
		to := names[min(i+1+r.IntN(len(names)), len(names)-1)]
		switch {
		case n.Kind == scenarios.KindQueue:
			n.To = &scenarios.Call{Node: pick(names...)}
		case n.Kind == scenarios.KindStream:
			n.Subscribers = []*scenarios.Subscriber{{Name: "x", To: &scenarios.Call{Node: pick(names...)}}, {Name: "y", To: &scenarios.Call{Node: pick(names...)}}}
		case to == name || r.IntN(8) == 0:
		case n.Kind == scenarios.KindImage:
			n.Image, n.Calls = "x", []string{to, pick(to, names[len(names)-1])}
			if n.Calls[1] == name {
				n.Calls = n.Calls[:1]
			}
		default:
			n.Endpoints = []*scenarios.Endpoint{{Match: "GET /", Steps: []scenarios.Step{{Parallel: []scenarios.Step{{Read: to}, {Write: to}}}}}}
		}
		s.Nodes = append(s.Nodes, n)
	}
	for i := range r.IntN(4) {
		s.Loads = append(s.Loads, &scenarios.Load{Name: fmt.Sprintf("load%d", i), To: pick(names...), Rate: float64(r.IntN(3)), Users: max(0, r.IntN(9)-6),
			Requests: []scenarios.Request{{Send: "GET /"}}})
	}
	for i := range 1 + r.IntN(3) {
		phase := &scenarios.Phase{Name: fmt.Sprintf("phase %d", i), For: time.Duration(1+r.IntN(5)) * time.Second}
		for range r.IntN(3) {
			phase.Faults = append(phase.Faults, randomFault(r, names))
		}
		s.Phases = append(s.Phases, phase)
	}
	return s
}

func randomFault(r *rand.Rand, names []string) faults.Fault {
	kinds := []faults.Kind{
		faults.Latency{Delay: time.Second}, faults.Bandwidth{Rate: 1000, Direction: faults.Both}, faults.Slicer{Size: 10}, faults.Blackhole{},
		faults.HalfOpen{}, faults.Timeout{}, faults.Reset{}, faults.Refuse{}, faults.Freeze{}, faults.Partition{}, faults.Outage{}, faults.Outage{How: "drop"},
		faults.Crash{RestartAfter: time.Duration(r.IntN(3)) * time.Second}, faults.Pause{}, faults.CPU{Cores: 1}, faults.CPU{Share: 0.5}, faults.Errors{Share: 0.1}, faults.Slow{Factor: 2},
	}
	f := faults.Fault{Kind: kinds[r.IntN(len(kinds))]}
	if r.IntN(4) == 0 {
		f.At = time.Duration(r.IntN(3)) * 500 * time.Millisecond
		f.For = time.Duration(r.IntN(4)) * 500 * time.Millisecond
	}
	if f.Kind.Kind() == "partition" || f.Kind.Scope() == faults.ScopeEdges && r.IntN(2) == 0 {
		f.On.Edge = &faults.EdgeSelector{From: randomSelector(r, names), To: randomSelector(r, names), Both: r.IntN(2) == 0}
	} else {
		f.On = randomSelector(r, names)
	}
	return f
}

func randomSelector(r *rand.Rand, names []string) faults.Selector {
	var s faults.Selector
	switch r.IntN(8) {
	case 0:
		s.Region = "eu"
	case 1:
		s.Zone, s.Role = "x", "service"
	case 2:
		s.Labels = map[string]string{"team": "red"}
	case 3:
		s.Any = []faults.Selector{{Name: names[0]}, {Region: "us"}}
	case 4:
		s.Name = "*"
	case 5:
		s.Name = []string{"client", "load0", "nobody"}[r.IntN(3)]
	default:
		s.Name = names[r.IntN(len(names))]
	}
	if r.IntN(4) == 0 {
		s.Share = r.Float64()
	}
	return s
}

// BenchmarkNew plans 1,000 instances: 100 services of 10 replicas in a chain of calls, each with a
// database, and 20 faults, an outage of everything among them.
func BenchmarkNew(b *testing.B) {
	s := &scenarios.Scenario{Name: "large", Loads: []*scenarios.Load{{Name: "all", To: "s0", Rate: 1}}}
	for i := range 100 {
		n := &scenarios.Node{Name: fmt.Sprintf("s%d", i), Kind: scenarios.KindService, Replicas: 10, Region: fmt.Sprintf("r%d", i%3)}
		for _, to := range []int{i + 1, i + 2} {
			if to < 100 {
				n.Endpoints = append(n.Endpoints, &scenarios.Endpoint{Steps: []scenarios.Step{{Read: fmt.Sprintf("s%d", to)}}})
			}
		}
		s.Nodes = append(s.Nodes, n)
	}
	for i := range 10 {
		s.Phases = append(s.Phases, &scenarios.Phase{Name: fmt.Sprint(i), For: time.Second, Faults: []faults.Fault{
			{Kind: faults.Latency{Delay: time.Second}, On: named("*")},
			{Kind: faults.Outage{}, On: faults.Selector{Region: "r1", Share: 0.3}},
		}})
	}
	for b.Loop() {
		p, err := New(s, 1)
		if err != nil {
			b.Fatal(err)
		}
		if len(p.Instances) != 1000 {
			b.Fatal(len(p.Instances))
		}
	}
}
