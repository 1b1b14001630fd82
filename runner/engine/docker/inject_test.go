package docker

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// once sends one request and tells how long its answer took.
func once(t testing.TB, c *http.Client, method, path string) (int, time.Duration, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://node"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	answer, err := c.Do(request)
	if err != nil {
		return 0, time.Since(begin), err
	}
	answer.Body.Close()
	return answer.StatusCode, time.Since(begin), nil
}

func (l launched) inject(t testing.TB, primitives ...faults.Primitive) runner.Undo {
	t.Helper()
	undo, err := l.Inject(t.Context(), primitives)
	if err != nil {
		t.Fatal(err)
	}
	return undo
}

func lift(t testing.TB, undo runner.Undo) faults.Receipt {
	t.Helper()
	r, err := undo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := undo(t.Context())
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("undone twice: %+v, %v; want %+v again", again, err, r)
	}
	return r
}

// Every primitive, one after another on one topology: what it does is seen from outside, and its undo takes it back.
func TestPrimitives(t *testing.T) {
	t.Parallel()
	db := &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase}
	s := launch(t, Options{}, load(planOf(db, service("a", work(time.Millisecond), scenarios.Step{Write: "db"})), "users", "a"))
	client := s.client("users:a-1")
	ok := func(t *testing.T) {
		t.Helper()
		if status, _, err := once(t, client, "POST", "/"); err != nil || status != 200 {
			t.Fatalf("without a fault: %d, %v", status, err)
		}
	}
	ok(t)
	t.Run("latency on an open connection", func(t *testing.T) {
		undo := s.inject(t, faults.Primitive{Op: faults.OpToxic, Edge: "users:a-1", Toxic: &faults.Toxic{
			Stream: "downstream", Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 200}}})
		_, took, err := once(t, client, "POST", "/")
		if err != nil || took < 200*time.Millisecond || took > 2*time.Second {
			t.Errorf("took %s, %v; want a little over 200ms", took, err)
		}
		if r := lift(t, undo); !r.Met() {
			t.Errorf("the receipt says that nothing met it: %+v", r)
		}
		ok(t)
	})
	t.Run("kill", func(t *testing.T) {
		undo := s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "db-1"})
		if status, took, err := once(t, client, "POST", "/"); err == nil && status == 200 || took > 5*time.Second {
			t.Errorf("a write without a database: %d, %v after %s; want a failure at once", status, err, took)
		}
		if r := lift(t, undo); !r.Met() {
			t.Errorf("the receipt says that nothing met it: %+v", r)
		}
		ok(t)
		o, err := s.Observe(t.Context())
		if err != nil || o.Nodes["db-1"].Restarts != 1 {
			t.Errorf("restarts %d, %v; want 1", o.Nodes["db-1"].Restarts, err)
		}
	})
	t.Run("pause", func(t *testing.T) {
		undo := s.inject(t, faults.Primitive{Op: faults.OpPause, Instance: "a-1"})
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		request, _ := http.NewRequestWithContext(ctx, "POST", "http://node/", nil)
		if _, err := client.Do(request); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a paused node answered: %v", err)
		}
		if r := lift(t, undo); !r.Met() {
			t.Errorf("the receipt says that nothing met it: %+v", r)
		}
		ok(t)
	})
	t.Run("behave", func(t *testing.T) {
		undo := s.inject(t, faults.Primitive{Op: faults.OpBehave, Instance: "a-1", Behaviour: &faults.Behaviour{Errors: 1, Status: 503}})
		if status, _, err := once(t, client, "POST", "/"); err != nil || status != 503 {
			t.Errorf("status %d, %v; want 503", status, err)
		}
		lift(t, undo)
		ok(t)
	})
	t.Run("cpu", func(t *testing.T) {
		undo := s.inject(t, faults.Primitive{Op: faults.OpCPU, Instance: "a-1", CPUs: 0.25})
		limit := func() int64 {
			c, err := s.engine.api.ContainerInspect(t.Context(), s.byName["a-1"].id)
			if err != nil {
				t.Fatal(err)
			}
			return c.HostConfig.NanoCPUs
		}
		if got := limit(); got != 250_000_000 {
			t.Errorf("limit %d", got)
		}
		lift(t, undo)
		if all, err := s.engine.cpus(t.Context()); err != nil || limit() != int64(all)*1e9 {
			t.Errorf("limit %d after the fault, want all %d CPUs: %v", limit(), all, err)
		}
		ok(t)
	})
	select {
	case err := <-s.Died():
		t.Errorf("a death that a fault ordered was reported: %v", err)
	default:
	}
}

// Faults that overlap on one instance: it is up again when the last is undone, in any order.
func TestOverlappingFaultsOnOneInstance(t *testing.T) {
	t.Parallel()
	s := launch(t, Options{}, load(planOf(service("a", work(0))), "users", "a"))
	client := s.client("users:a-1")
	pause := s.inject(t, faults.Primitive{Op: faults.OpPause, Instance: "a-1"})
	behave := func() runner.Undo {
		return s.inject(t, faults.Primitive{Op: faults.OpBehave, Instance: "a-1", Behaviour: &faults.Behaviour{Errors: 1, Status: 500}})
	}
	misbehave := behave()
	kill := s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "a-1"})
	kill2 := s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "a-1"})
	lift(t, kill)
	if _, took, err := once(t, client, "GET", "/"); err == nil || took > 5*time.Second {
		t.Errorf("with one of two kills on: %v after %s, want a failure at once", err, took)
	}
	lift(t, pause)
	lift(t, kill2)
	if status, _, err := once(t, client, "GET", "/"); err != nil || status != 500 {
		t.Errorf("after its restart it has forgotten to misbehave: %d, %v", status, err)
	}
	lift(t, misbehave)
	if status, _, err := once(t, client, "GET", "/"); err != nil || status != 200 {
		t.Errorf("after all faults: %d, %v", status, err)
	}
}

// An injection that fails in part leaves nothing of its other parts.
func TestFailedInjectionLeavesNothing(t *testing.T) {
	t.Parallel()
	s := launch(t, Options{}, load(planOf(service("a", work(0))), "users", "a"))
	_, err := s.Inject(t.Context(), []faults.Primitive{
		{Op: faults.OpBehave, Instance: "a-1", Behaviour: &faults.Behaviour{Errors: 1, Status: 500}},
		{Op: faults.OpToxic, Edge: "users:nobody-1", Toxic: &faults.Toxic{Stream: "downstream", Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 1}}},
	})
	if err == nil {
		t.Fatal("a toxic on an edge that is not there was put on")
	}
	if status, _, err := once(t, s.client("users:a-1"), "GET", "/"); err != nil || status != 200 {
		t.Errorf("the other part stayed: %d, %v", status, err)
	}
	if _, err := s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpKill, Instance: "nobody-1"}}); err == nil || !strings.Contains(err.Error(), "nobody-1") {
		t.Errorf("an unknown instance: %v", err)
	}
}

// A container that ends by itself is reported, with its reason.
func TestUnexpectedDeathIsReported(t *testing.T) {
	t.Parallel()
	s := launch(t, Options{}, load(planOf(service("a", work(0))), "users", "a"))
	if err := s.engine.api.ContainerKill(t.Context(), s.byName["a-1"].id, "SIGKILL"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.Died():
		for _, want := range []string{"a-1", "from outside: SIGKILL", "a-1.log"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not name %s", err, want)
			}
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody noticed")
	}
}

// post sends a write with a request id and tells the writes that its answer acknowledged, as DATABASE/ID.
func post(t testing.TB, c *http.Client, id string) (int, time.Duration, []string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "POST", "http://node/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(wire.HeaderRequest, id)
	begin := time.Now()
	answer, err := c.Do(request)
	if err != nil {
		return 0, time.Since(begin), nil
	}
	answer.Body.Close()
	var wrote []string
	for _, line := range answer.Header.Values(wire.HeaderWrote) {
		for w := range strings.SplitSeq(line, ",") {
			wrote = append(wrote, strings.TrimSpace(w))
		}
	}
	return answer.StatusCode, time.Since(begin), wrote
}
