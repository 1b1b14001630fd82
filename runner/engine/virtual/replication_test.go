package virtual_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// Whatever is killed, stopped and cut off while writes go on, by chance: when it is over, both replicas have every write
// that their primary has, each once, and all that was acknowledged is among them.
func TestReplicasConverge(t *testing.T) {
	seeds := 24
	if testing.Short() {
		seeds = 6
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			breadth.Today(t, int(seed/4), 4) // four have each mode with each lag
			mode, lag := []string{"async", "sync"}[seed%2], []string{"", ", lag: 70ms"}[seed/2%2]
			s, err := language.Parse("x.yaml", fmt.Appendf(nil, `
scenario: chaos
topology:
  api: {kind: service, timeout: 300ms, endpoints: {"POST /{id}": [{write: db}]}}
  db: {kind: database, replication: %s}
  r: {kind: database, replica_of: db, replicas: 2%s}
load: {users: {to: api, rate: 1/s, requests: [{send: "POST /{id}"}]}}
phases: [{name: only, for: 1s}]
`, mode, lag), "")
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Plan(seed)
			if err != nil {
				t.Fatal(err)
			}
			e := &virtual.Engine{}
			if err := e.Enclose(t.Context(), func(ctx context.Context) { converge(ctx, t, e, p, rand.New(rand.NewPCG(seed, 1))) }); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func converge(ctx context.Context, t *testing.T, e *virtual.Engine, p *topology.Plan, chance *rand.Rand) {
	system, err := e.Launch(ctx, runner.Launch{Plan: p, Run: "chaos", Dir: t.TempDir(), Progress: func(string) {}})
	if err != nil {
		t.Error(err)
		return
	}
	defer system.Down(ctx) //nolint:errcheck // the test is over
	writing, stop := context.WithCancel(ctx)
	var acknowledged []string
	var writer sync.WaitGroup
	writer.Go(func() { acknowledged = write(writing, system) })
	for range 15 {
		time.Sleep(time.Duration(chance.IntN(300)) * time.Millisecond)
		var all []runner.Undo
		for range 1 + chance.IntN(2) {
			undo, err := system.Inject(ctx, mischief(chance))
			if err != nil {
				t.Error(err)
			} else {
				all = append(all, undo)
			}
			time.Sleep(time.Duration(chance.IntN(1000)) * time.Millisecond)
		}
		for _, undo := range all {
			if _, err := undo(ctx); err != nil {
				t.Error(err)
			}
		}
	}
	stop()
	writer.Wait()
	time.Sleep(15 * time.Second) // a silence and a reconnect
	primary := heldBy(ctx, t, system, "db-1")
	for _, replica := range []string{"r-1", "r-2"} {
		if diff := cmp.Diff(primary, heldBy(ctx, t, system, replica)); diff != "" {
			t.Errorf("%s does not hold what its primary does (-primary +replica):\n%s", replica, diff)
		}
	}
	lost := 0
	for _, id := range acknowledged {
		if primary[id] != 1 {
			lost++
		}
	}
	if lost > 0 || len(acknowledged) < 100 {
		t.Errorf("of %d acknowledged writes %d are not there once", len(acknowledged), lost)
	}
}

// mischief is one fault of one place.
func mischief(chance *rand.Rand) []faults.Primitive {
	edge := faults.Targets{Edges: []string{[]string{"r-1:db-1", "r-2:db-1", "api-1:db-1"}[chance.IntN(3)]}}
	instance := faults.Targets{Instances: []string{[]string{"db-1", "r-1", "r-2"}[chance.IntN(3)]}}
	switch chance.IntN(8) {
	case 0, 1:
		return faults.Crash{}.Compile(instance)
	case 2:
		return faults.Pause{}.Compile(instance)
	case 3:
		return faults.Blackhole{}.Compile(edge)
	case 4:
		return faults.Partition{}.Compile(edge)
	case 5:
		return faults.Reset{}.Compile(edge)
	case 6:
		return faults.Latency{Delay: 150 * time.Millisecond}.Compile(edge)
	default:
		return faults.Bandwidth{Rate: 5000}.Compile(edge)
	}
}

// write writes every 10 ms until ctx ends, and says what was acknowledged.
func write(ctx context.Context, system runner.System) (acknowledged []string) {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return system.Dial(ctx, "users:api-1") },
	}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := 0; ctx.Err() == nil; n++ {
		all.Go(func() {
			r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, fmt.Sprintf("http://api/%d", n%50), nil)
			if err != nil {
				return
			}
			r.Header.Set(wire.HeaderRequest, fmt.Sprintf("users-%d", n))
			answer, err := client.Do(r)
			if err != nil {
				return
			}
			defer answer.Body.Close()
			io.Copy(io.Discard, answer.Body) //nolint:errcheck // its head says it all
			mu.Lock()
			defer mu.Unlock()
			if id, ok := strings.CutPrefix(answer.Header.Get(wire.HeaderWrote), "db/"); ok {
				acknowledged = append(acknowledged, id)
			}
		})
		time.Sleep(10 * time.Millisecond)
	}
	all.Wait()
	return acknowledged
}

func heldBy(ctx context.Context, t *testing.T, system runner.System, instance string) map[string]int {
	found, err := node.ReadWrites(ctx, func(ctx context.Context) (net.Conn, error) { return system.DialInstance(ctx, instance) }, "")
	if err != nil {
		t.Error(err)
	}
	return found
}
