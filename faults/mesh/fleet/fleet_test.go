package fleet_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/fleet"
	"github.com/squallhq/squall/internal/pipenet"
)

// far is a mesh whose clock is wrong, and that is some way off.
type far struct {
	*mesh.Mesh
	ahead, there, back time.Duration
	// slow is how much later than it is told it puts on, and fails what it answers then.
	slow  time.Duration
	fails error
	// on and off are when it really did.
	on, off time.Time
}

func (f *far) way() func() {
	time.Sleep(f.there)
	return func() { time.Sleep(f.back) }
}

func (f *far) Clock(context.Context) (time.Time, error) {
	defer f.way()()
	return time.Now().Add(f.ahead), nil
}

func (f *far) Prepare(ctx context.Context, id string, p []faults.Primitive) error {
	defer f.way()()
	return f.Mesh.Prepare(ctx, id, p)
}

func (f *far) Commit(ctx context.Context, id string, at time.Time) (time.Time, error) {
	defer f.way()()
	if f.fails != nil {
		return time.Time{}, f.fails
	}
	_, err := f.Mesh.Commit(ctx, id, at.Add(-f.ahead+f.slow))
	f.on = time.Now()
	return f.on.Add(f.ahead), err
}

func (f *far) LiftAt(ctx context.Context, id string, at time.Time) (faults.Receipt, time.Time, error) {
	defer f.way()()
	if !at.IsZero() {
		at = at.Add(-f.ahead)
	}
	r, off, err := f.Mesh.LiftAt(ctx, id, at)
	f.off = off
	return r, off.Add(f.ahead), err
}

// fleetOf is meshes that carry an edge each, which is named as its mesh is.
func fleetOf(t *testing.T, all ...*far) *fleet.Fleet {
	t.Helper()
	var members []fleet.Member
	for n, f := range all {
		f.Mesh = mesh.New(mesh.Options{Network: new(pipenet.Network)})
		members = append(members, fleet.Member{Name: string(rune('a' + n)), Scheduled: f})
	}
	fl, err := fleet.New(t.Context(), members, func(edge string) string { return edge })
	if err != nil {
		t.Fatal(err)
	}
	var edges []mesh.Edge
	for _, m := range members {
		edges = append(edges, mesh.Edge{Name: m.Name, Listen: m.Name + ":1", Upstream: "callee:1"})
	}
	if opened, err := fl.Open(t.Context(), edges); err != nil || len(opened) != len(edges) {
		t.Fatalf("open: %v, %v", opened, err)
	}
	return fl
}

func refuseOn(edges ...string) (out []faults.Primitive) {
	for _, e := range edges {
		out = append(out, faults.Primitive{Op: faults.OpOutage, Edge: e, Outage: &faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}})
	}
	return out
}

// Meshes whose clocks are off by known times put a fault on and take it off at one moment, as far as their distance lets that be known; the
// receipt says how far apart they came, and the truth is within what it says is uncertain.
func TestAtOneTimeByWrongClocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := []*far{
			{ahead: 3 * time.Second, there: 8 * time.Millisecond, back: 2 * time.Millisecond},
			{ahead: -1500 * time.Millisecond, there: time.Millisecond, back: 9 * time.Millisecond},
			{there: time.Millisecond, back: time.Millisecond},
			{ahead: time.Hour}, // it carries nothing of the fault
		}
		f := fleetOf(t, all...)
		defer f.Close()
		if err := f.Apply(t.Context(), "f", refuseOn("a", "b", "c")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		r, err := f.Lift(t.Context(), "f")
		if err != nil || r.Spread == nil || r.Spread.Meshes != 3 || r.Spread.On == nil || r.Spread.Off == nil {
			t.Fatalf("%+v, %v", r, err)
		}
		between := func(when func(*far) time.Time) time.Duration {
			first, last := when(all[0]), when(all[0])
			for _, one := range all[:3] {
				if when(one).Before(first) {
					first = when(one)
				}
				if when(one).After(last) {
					last = when(one)
				}
			}
			return last.Sub(first)
		}
		for _, c := range []struct {
			what  string
			truth time.Duration
			said  *faults.Apart
		}{
			{"on", between(func(f *far) time.Time { return f.on }), r.Spread.On},
			{"off", between(func(f *far) time.Time { return f.off }), r.Spread.Off},
		} {
			// The ways are 3 ms and 4 ms off the middle, in opposite directions: so far apart they really are, and nobody can know.
			if c.truth != 7*time.Millisecond {
				t.Errorf("%s: they are %s apart, want 7 ms", c.what, c.truth)
			}
			if c.said.Uncertain < 9*time.Millisecond || c.said.Uncertain > 12*time.Millisecond || (c.truth-c.said.By).Abs() > c.said.Uncertain {
				t.Errorf("%s: it says %s ± %s, and they were %s apart", c.what, c.said.By, c.said.Uncertain, c.truth)
			}
		}
		if !all[3].on.IsZero() {
			t.Error("a mesh put on what is none of its edges'")
		}
		again, err := f.Lift(t.Context(), "f")
		if err != nil || again.Spread.On.By != r.Spread.On.By {
			t.Errorf("a second lift: %+v, %v, want the same", again, err)
		}
		if err := f.Apply(t.Context(), "f", refuseOn("a", "b")); err != nil {
			t.Errorf("what was lifted can't begin anew: %v", err)
		}
		if err := f.Apply(t.Context(), "f", refuseOn("a", "b")); !errors.Is(err, mesh.ErrExists) {
			t.Errorf("an id that is in force: %v", err)
		}
	})
}

// A mesh that is late by a known time is late in the receipt.
func TestTheSpreadOfALateMesh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := fleetOf(t, &far{ahead: time.Minute}, &far{slow: 50 * time.Millisecond})
		defer f.Close()
		if err := f.Apply(t.Context(), "f", refuseOn("a", "b")); err != nil {
			t.Fatal(err)
		}
		r, err := f.Lift(t.Context(), "f")
		if err != nil || r.Spread.On.By != 50*time.Millisecond || r.Spread.On.Late != 50*time.Millisecond || r.Spread.Off.By != 0 {
			t.Errorf("%+v, %v, want 50 ms on and nothing off", r.Spread, err)
		}
	})
}

// Where one mesh can't, none of them keeps anything on, whether that shows when it is prepared or when it is put on.
func TestAllOrNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := &far{fails: errors.New("on fire")}
		all := []*far{{}, broken, {}}
		f := fleetOf(t, all...)
		defer f.Close()
		none := func(when string) {
			t.Helper()
			time.Sleep(time.Minute)
			for n, one := range all {
				p, err := one.Proxy(string(rune('a' + n)))
				if err != nil || !p.Enabled || len(p.Toxics) > 0 {
					t.Errorf("%s mesh %d has something on: %+v, %v", when, n, p, err)
				}
				if _, err := one.Commit(t.Context(), "f", time.Time{}); !errors.Is(err, mesh.ErrNotFound) && one != broken {
					t.Errorf("%s mesh %d keeps what was prepared: %v", when, n, err)
				}
			}
		}
		if err := f.Apply(t.Context(), "f", refuseOn("a", "b", "c")); err == nil || !strings.Contains(err.Error(), "mesh b: on fire") {
			t.Errorf("%v, want whose error it is", err)
		}
		none("after a commit that failed")
		wrong := append(refuseOn("a", "b"), faults.Primitive{Op: faults.OpToxic, Edge: "c", Toxic: &faults.Toxic{Stream: "sideways", Attributes: faults.LatencyToxic{Latency: 1}}})
		if err := f.Apply(t.Context(), "f", wrong); err == nil || !strings.Contains(err.Error(), "mesh c: ") {
			t.Errorf("%v, want whose error it is", err)
		}
		none("after a preparation that failed")
		if err := f.Apply(t.Context(), "f", refuseOn("a", "nowhere")); !errors.Is(err, mesh.ErrNotFound) {
			t.Errorf("an edge that nobody carries: %v", err)
		}
	})
}

// What is done to meshes by hand is one journal, with receipts as they are now.
func TestChangesOfAllMeshes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := []*far{{}, {}}
		f := fleetOf(t, all...)
		toxic := faults.Toxic{Name: "slow", Stream: faults.Upstream, Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 1}}
		got := make(chan []mesh.Change, 1)
		go func() {
			changes, err := f.Changes(t.Context(), 0)
			if err != nil {
				t.Error(err)
			}
			got <- changes
		}()
		synctest.Wait()
		if _, err := all[1].AddToxic("b", toxic); err != nil {
			t.Fatal(err)
		}
		if changes := <-got; len(changes) != 1 || changes[0].Number != 1 || changes[0].Edge != "b" {
			t.Fatalf("%+v, want what was done on b", changes)
		}
		if _, err := all[0].AddToxic("a", toxic); err != nil {
			t.Fatal(err)
		}
		if err := all[1].RemoveToxic("b", "slow"); err != nil {
			t.Fatal(err)
		}
		var all3 []mesh.Change
		for len(all3) < 2 {
			more, err := f.Changes(t.Context(), int64(1+len(all3)))
			if err != nil {
				t.Fatal(err)
			}
			all3 = append(all3, more...)
		}
		whole, err := f.Changes(t.Context(), 0)
		if err != nil || len(whole) != 3 {
			t.Fatalf("%+v, %v, want all three", whole, err)
		}
		for n, one := range whole {
			if one.Number != int64(n+1) || n > 0 && one.Edge != all3[n-1].Edge || one.Receipt == nil {
				t.Errorf("change %d is %+v", n+1, one)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Changes(t.Context(), 3); !errors.Is(err, mesh.ErrClosed) {
			t.Errorf("of closed meshes: %v", err)
		}
	})
}
