package mesh

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
)

// TestChangesByHandAreToldOf: everything that toxiproxy's API can do, in its order, with whose toxic it was and what met it.
func TestChangesByHandAreToldOf(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		at := time.Now()
		applyTo(t, m, "fault-1", toxicOn(faults.Upstream, faults.LatencyToxic{Latency: 10}))
		yes, no, where := true, false, "elsewhere"
		steps := []func() error{
			func() error {
				_, err := m.AddToxic("a:b", faults.Toxic{Name: "mine", Stream: faults.Upstream, Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 5}})
				return err
			},
			func() error { crossing(t, caller, callee, "x"); return nil },
			func() error {
				_, err := m.UpdateToxic("a:b", "latency_upstream", become(faults.LatencyToxic{Latency: 1}))
				return err
			},
			func() error { return m.RemoveToxic("a:b", "latency_upstream") },
			func() error { return m.Reset() },
			func() error { _, err := m.UpdateProxy(t.Context(), "a:b", nil, nil, &no); return err },
			func() error { _, err := m.UpdateProxy(t.Context(), "a:b", nil, nil, &no); return err }, // it is already
			func() error { _, err := m.UpdateProxy(t.Context(), "a:b", nil, nil, &yes); return err },
			func() error { _, err := m.UpdateProxy(t.Context(), "a:b", nil, &where, nil); return err },
			func() error {
				_, err := m.CreateProxy(t.Context(), Proxy{Name: "new", Listen: "new", Upstream: "callee", Enabled: true})
				return err
			},
			func() error { return m.RemoveProxy("new") },
		}
		for n, step := range steps {
			if err := step(); err != nil {
				t.Fatalf("step %d: %v", n, err)
			}
		}
		liftFrom(t, m, "fault-1") // no hand did that
		changes, err := m.Changes(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		type told struct {
			Kind                   ChangeKind
			Edge, Toxic, Injection string
		}
		var got []told
		for n, c := range changes {
			got = append(got, told{c.Kind, c.Edge, c.Toxic, c.Injection})
			if c.Number != int64(n+1) || c.Door != APIDoor || c.At.Before(at) || c.What == "" {
				t.Errorf("change %d: %+v", n, c)
			}
		}
		want := []told{
			{ToxicAdded, "a:b", "mine", ""},
			{ToxicChanged, "a:b", "latency_upstream", "fault-1"},
			{ToxicRemoved, "a:b", "latency_upstream", "fault-1"},
			{WasReset, "", "", ""},
			{ToxicRemoved, "a:b", "mine", ""},
			{Disabled, "a:b", "", ""},
			{Enabled, "a:b", "", ""},
			{Moved, "a:b", "", ""},
			{Created, "new", "", ""},
			{Deleted, "new", "", ""},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("told of (-want +got):\n%s", diff)
		}
		if r := changes[0].Receipt; r == nil || r.Bytes != 1 || r.FullDelayMs != 5 {
			t.Errorf("the receipt of a toxic by hand: %+v", r)
		}
		if r := changes[5].Receipt; r == nil || r.Closed != 1 {
			t.Errorf("the receipt of a disabled edge: %+v", r)
		}
	})
}

// TestChangesAreWaitedFor: who asks for more waits, and learns when there will be none.
func TestChangesAreWaitedFor(t *testing.T) {
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, _, _ net.Conn) {
		time.AfterFunc(time.Hour, func() { _ = m.Reset() })
		start := time.Now()
		changes, err := m.Changes(t.Context(), 0)
		if err != nil || len(changes) != 1 || time.Since(start) != time.Hour {
			t.Errorf("after %s: %v, %v", time.Since(start), changes, err)
		}
		time.AfterFunc(time.Hour, func() { _ = m.Close() })
		if changes, err := m.Changes(t.Context(), 1); !errors.Is(err, ErrClosed) {
			t.Errorf("a closed mesh tells of %v, %v", changes, err)
		}
	})
}

// TestAnEdgeOfTheRunCantBeDeleted: that would cut its callers off for good.
func TestAnEdgeOfTheRunCantBeDeleted(t *testing.T) {
	w := newWorld(t, echo)
	if err := w.mesh.RemoveProxy("a:b"); !errors.Is(err, ErrPlanned) {
		t.Errorf("deleting it gives %v", err)
	}
	c := w.dial()
	w.pass(c, c, "alive")
}
