package virtual_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/scenarios/language"
)

// machines is the virtual engine with instances on two machines, by their numbers.
type machines struct{ *virtual.Engine }

func (m machines) Has(c runner.Capability) bool { return c == runner.Machines || m.Engine.Has(c) }

func (m machines) Up(ctx context.Context, r engine.Run) (engine.Testbed, error) {
	t, err := m.Engine.Up(ctx, r)
	if err != nil {
		return nil, err
	}
	out := &onMachines{Testbed: t, on: map[string]string{}}
	for _, i := range r.Plan.Instances {
		out.on[i.Name] = "machine-" + i.Name[len(i.Name)-1:]
	}
	return out, nil
}

type onMachines struct {
	engine.Testbed
	mu sync.Mutex
	on map[string]string
}

// upTakes is how long a place on another machine takes.
const upTakes = 1500 * time.Millisecond

func (m *onMachines) Move(ctx context.Context, instance string) (string, error) {
	select {
	case <-time.After(upTakes):
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on[instance] = "machine-9"
	return "machine-9", nil
}

func (m *onMachines) Home(_ context.Context, instance string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on[instance] = "machine-" + instance[len(instance)-1:]
	return nil
}

func (m *onMachines) Beside(instance string) (beside []string, machine string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, on := range m.on {
		if on == m.on[instance] {
			beside = append(beside, name)
		}
	}
	slices.Sort(beside)
	return beside, m.on[instance]
}

func (m *onMachines) Start(ctx context.Context, p engine.Placed) (engine.Process, error) {
	k, err := m.Testbed.Start(ctx, p)
	return &timed{Process: k}, err
}

// shortGrace is less than what a built-in node gives to what is under way.
const shortGrace = 3 * time.Second

// timed tells how a stop went, as an agent does.
type timed struct {
	engine.Process
	how *engine.Stopped
}

func (k *timed) Stop(ctx context.Context, grace time.Duration) error {
	asked := time.Now()
	grace = min(grace, shortGrace)
	err := k.Process.Stop(ctx, grace)
	took := time.Since(asked)
	k.how = &engine.Stopped{Took: took.Round(time.Millisecond), Killed: took >= grace}
	return err
}

func (k *timed) Stopped() (engine.Stopped, bool) {
	if k.how == nil {
		return engine.Stopped{}, false
	}
	return *k.how, true
}

// slowPair are two replicas of each of two nodes, and requests that take no time, a second, and more than any grace.
const slowPair = `
scenario: s
topology:
  web:
    kind: service
    replicas: 2
    endpoints:
      GET /quick: []
      GET /second: [{work: 1s}]
      GET /minute: [{work: 60s}]
      GET /db: [{call: db GET /}]
  db: {kind: service, replicas: 2, endpoints: {GET /: []}}
load: {l: {to: web, rate: 1/s, timeout: 90s, requests: [{send: GET /quick}]}}
phases: [{name: p, for: 1s}]
`

// withRows is slowPair with something that keeps data.
var withRows = strings.NewReplacer("      GET /db:", "      GET /row: [{read: rows}]\n      GET /db:", "\nload:", "\n  rows: {kind: database}\nload:").Replace(slowPair)

// counts are those of a receipt of which a test holds others.
var counts = regexp.MustCompile(` \([^)]*\)`)

// world is a system on two machines, in virtual time.
type world struct {
	*testing.T
	runner.System
	mu   sync.Mutex
	told []string
}

func onTwoMachines(t *testing.T, scenario string, do func(w *world)) {
	t.Helper()
	doc, err := language.Parse("x.yaml", []byte(scenario), "")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	e := machines{&virtual.Engine{}}
	dir := t.TempDir()
	err = e.Enclose(t.Context(), func(ctx context.Context) {
		w := &world{T: t}
		w.System, err = engine.Launch(ctx, e, runner.Launch{Plan: plan, Run: "r", Dir: dir, Progress: func(string) {}, Withdraw: func(instance string, out bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, fmt.Sprint(instance, " ", out))
		}})
		if err != nil {
			t.Error(err)
			return
		}
		do(w)
		if err := w.Down(ctx); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// get is what becomes of a request over an edge of the load's.
func (w *world) get(edge, path string) error {
	c, err := w.Dial(context.Background(), edge)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(90 * time.Second))
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n", path); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

// fails wants a request that gets no answer, at once: nobody is silent.
func (w *world) fails(edge string) {
	w.Helper()
	began := time.Now()
	if err := w.get(edge, "/quick"); err == nil || time.Since(began) > time.Millisecond {
		w.Errorf("over %s there is %v after %s, want that it is told no at once", edge, err, time.Since(began))
	}
}

func (w *world) answers(edge, path string) {
	w.Helper()
	if err := w.get(edge, path); err != nil {
		w.Errorf("%s over %s: %v", path, edge, err)
	}
}

func (w *world) drain(p faults.Primitive) func() faults.Receipt {
	w.Helper()
	p.Op = faults.OpMachineDrain
	undo, err := w.Inject(context.Background(), []faults.Primitive{p})
	if err != nil {
		w.Fatal(err)
	}
	return func() faults.Receipt {
		w.Helper()
		receipt, err := undo(context.Background())
		if err != nil {
			w.Error(err)
		}
		return receipt
	}
}

// All that is on a machine that is drained ends, each on its own grace, and is told no from then on; what is elsewhere goes on; and all is back when it is over.
// The receipt says what was measured of each.
func TestDrain(t *testing.T) {
	onTwoMachines(t, slowPair, func(w *world) {
		var under sync.WaitGroup
		var second, minute error
		under.Go(func() { second = w.get("l:web-1", "/second") })
		under.Go(func() { minute = w.get("l:web-1", "/minute") })
		time.Sleep(100 * time.Millisecond) // in virtual time: both are under way
		began := time.Now()
		undo := w.drain(faults.Primitive{Instance: "db-1"})
		if took := time.Since(began); took < shortGrace || took > shortGrace+time.Second {
			w.Errorf("the machine was empty after %s, want its longest grace", took)
		}
		w.fails("l:web-1")
		w.answers("l:web-2", "/quick")
		w.answers("l:web-2", "/db") // its caller was told of the one that is gone
		under.Wait()
		if second != nil || minute == nil {
			w.Errorf("what was under way: %v within its grace, %v over it", second, minute)
		}
		receipt := undo()
		took, atOnce := shortGrace, time.Duration(0)
		yes, no, none, one, two := true, false, int64(0), int64(1), int64(2)
		want := []faults.Deed{
			{Instance: "db-1", What: faults.Drained, N: 1, Drain: &faults.DrainDeed{Machine: "machine-1", Took: &atOnce, Killed: &no, Connections: &none, InFlight: &none, Unanswered: &none}},
			{Instance: "web-1", What: faults.Drained, N: 1, Drain: &faults.DrainDeed{Machine: "machine-1", Took: &took, Killed: &yes, Connections: &two, InFlight: &two, Unanswered: &one}},
		}
		if diff := cmp.Diff(want, receipt.Deeds); diff != "" {
			w.Errorf("receipt:\n%s", diff)
		}
		text := "db-1 drained from machine-1 in 0 s (no connection, no request in flight, 0 unanswered), " +
			"web-1 drained from machine-1 in 3 s, killed as its grace was over (2 connections, 2 requests in flight, 1 unanswered)"
		if got := faults.DeedsText(receipt.Deeds); got != text || !receipt.Met() {
			w.Errorf("it says %q, met %v", got, receipt.Met())
		}
		w.answers("l:web-1", "/db")
		w.answers("l:web-1", "/db")
		if want := []string{"db-1 true", "web-1 true", "db-1 false", "web-1 false"}; !sameOrder(w.told, want) {
			w.Errorf("loads were told %q", w.told)
		}
	})
}

// sameOrder holds that two and two were told at once, in whatever order.
func sameOrder(got, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for n := 0; n < len(got); n += 2 {
		a, b := slices.Sorted(slices.Values(got[n:n+2])), slices.Sorted(slices.Values(want[n:n+2]))
		if !slices.Equal(a, b) {
			return false
		}
	}
	return true
}

// Nobody is told where that is wanted: callers find out, and loads are left to.
func TestDrainUntold(t *testing.T) {
	onTwoMachines(t, slowPair, func(w *world) {
		undo := w.drain(faults.Primitive{Instance: "web-2", Untold: true})
		if err := errors.Join(w.get("l:web-1", "/db"), w.get("l:web-1", "/db")); err == nil {
			w.Error("no caller had to find out")
		}
		undo()
		if len(w.told) > 0 {
			w.Errorf("loads were told %q", w.told)
		}
		w.answers("l:web-2", "/quick")
	})
}

// What keeps no data comes up on another machine, as soon as there is a place and not before its time, and callers and loads are told; what keeps some waits
// for its own. When the drain is over all are where they were.
func TestDrainElsewhere(t *testing.T) {
	onTwoMachines(t, withRows, func(w *world) {
		for after, away := range map[time.Duration]time.Duration{time.Second: upTakes, 5 * time.Second: 5 * time.Second} {
			w.told = nil
			undo := w.drain(faults.Primitive{Instance: "web-1", Elsewhere: after})
			time.Sleep(away - 200*time.Millisecond)
			w.fails("l:web-1")
			time.Sleep(400 * time.Millisecond)
			w.answers("l:web-1", "/db")
			w.answers("l:web-1", "/db")
			if err := w.get("l:web-1", "/row"); err == nil {
				w.Error("a database is there whose machine is away")
			}
			text := counts.ReplaceAllString(faults.DeedsText(undo().Deeds), "")
			for _, want := range []string{
				"rows-1 drained from machine-1 in 0 s, not elsewhere: its data is where it was",
				fmt.Sprintf("db-1 drained from machine-1 in 0 s, up on machine-9 %g s later", away.Seconds()),
				fmt.Sprintf("web-1 drained from machine-1 in 0 s, up on machine-9 %g s later", away.Seconds()),
			} {
				if !strings.Contains(text, want) {
					w.Errorf("it says %q, want %q", text, want)
				}
			}
			w.answers("l:web-1", "/db")
			w.answers("l:web-1", "/row")
			var web []string
			for _, one := range w.told {
				if strings.HasPrefix(one, "web-1") {
					web = append(web, one)
				}
			}
			if want := []string{"web-1 true", "web-1 false", "web-1 true", "web-1 false"}; !slices.Equal(web, want) {
				w.Errorf("loads were told %q", web)
			}
		}
		if n := w.observed("web-1").Restarts; n != 4 {
			w.Errorf("%d restarts, want two for each time", n)
		}
	})
}

// A drain that is over before a place is there brings all back where they were; what another fault ends elsewhere is back at home when both are over.
func TestDrainElsewhereCut(t *testing.T) {
	onTwoMachines(t, withRows, func(w *world) {
		undo := w.drain(faults.Primitive{Instance: "web-1", Elsewhere: time.Second})
		time.Sleep(upTakes / 2)
		if text := faults.DeedsText(undo().Deeds); !strings.Contains(text, "not elsewhere: it was not up before the fault was over") || strings.Contains(text, "machine-9") {
			w.Errorf("cut, it says %q", text)
		}
		w.answers("l:web-1", "/row")

		undo = w.drain(faults.Primitive{Instance: "web-1", Elsewhere: time.Second})
		time.Sleep(2 * upTakes)
		killed, err := w.Inject(context.Background(), []faults.Primitive{{Op: faults.OpKill, Instance: "web-1"}})
		if err != nil {
			w.Fatal(err)
		}
		w.fails("l:web-1")
		again := w.drain(faults.Primitive{Instance: "db-1", Elsewhere: time.Second})
		time.Sleep(2 * upTakes)
		if text := faults.DeedsText(again().Deeds); !strings.Contains(text, "web-1 was not there to be drained") || !strings.Contains(text, "db-1 drained from machine-9") || !strings.Contains(text, "it has moved already") {
			w.Errorf("of those that have moved it says %q", text)
		}
		undo()
		w.fails("l:web-1")
		if _, err := killed(context.Background()); err != nil {
			w.Error(err)
		}
		w.answers("l:web-1", "/row")
		w.answers("l:web-1", "/db")
		w.answers("l:web-1", "/db")
		last := w.drain(faults.Primitive{Instance: "web-1"})
		if text := faults.DeedsText(last().Deeds); strings.Contains(text, "machine-9") || !strings.Contains(text, "web-1 drained from machine-1") || !strings.Contains(text, "db-1 drained from machine-1") {
			w.Errorf("not all are where they were: %q", text)
		}
	})
}

// observed are the counters of an instance.
func (w *world) observed(instance string) runner.NodeCounters {
	w.Helper()
	o, err := w.Observe(context.Background())
	if err != nil {
		w.Error(err)
	}
	return o.Nodes[instance]
}

// What is ended by another fault stays so when the drain is over, and a receipt says nothing of an end that was another's.
func TestDrainBesideOthers(t *testing.T) {
	onTwoMachines(t, slowPair, func(w *world) {
		stopped, err := w.Inject(context.Background(), []faults.Primitive{{Op: faults.OpStop, Instance: "web-1"}})
		if err != nil {
			w.Fatal(err)
		}
		first, second := w.drain(faults.Primitive{Instance: "web-1"}), w.drain(faults.Primitive{Instance: "db-1"})
		if text := faults.DeedsText(second().Deeds); text != "db-1 was not there to be drained, web-1 was not there to be drained" {
			w.Errorf("the second of two says %q", text)
		}
		text := faults.DeedsText(first().Deeds)
		if !strings.HasPrefix(text, "db-1 drained from machine-1 in 0 s") || !strings.HasSuffix(text, "web-1 was not there to be drained") {
			w.Errorf("it says %q", text)
		}
		w.fails("l:web-1")
		w.answers("l:web-2", "/db")
		if _, err := stopped(context.Background()); err != nil {
			w.Error(err)
		}
		w.answers("l:web-1", "/db")
	})
}

// A plan with a fault on a machine is refused where there is but one, with its place in the file and what would be right.
func TestMachinesRefused(t *testing.T) {
	for _, word := range []string{"machine_loss", "machine_drain"} {
		doc, err := language.Parse("x.yaml", []byte(strings.Replace(slowPair, "for: 1s}]", "for: 1s, faults: [{"+word+": web-1}]}]", 1)), "")
		if err != nil {
			t.Fatal(err)
		}
		plan, err := doc.Plan(1)
		if err != nil {
			t.Fatal(err)
		}
		err = (&virtual.Engine{}).Check(plan)
		if err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.HasPrefix(err.Error(), `x.yaml:14:`) || !strings.Contains(err.Error(), "use --engine kubernetes") {
			t.Errorf("%s: %v", word, err)
		}
	}
}
