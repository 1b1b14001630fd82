package kubernetes

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/node"
)

// elsewhereIn is a run of dataElsewhere in a cluster that makes what it is asked to and runs nothing.
func elsewhereIn(t *testing.T) (*kubetest.Fake, *testbed) {
	t.Helper()
	f := kubetest.NewFake(t)
	e := New(Options{Client: f.Client(t, "team"), Image: "squall:1"})
	plan := planOf(t, dataElsewhere)
	set, err := objects.Make(plan, e.objects(plan, "r1"))
	if err != nil {
		t.Fatal(err)
	}
	bed := &testbed{
		Run:    engine.Run{Launch: runner.Launch{Run: "r1", Plan: plan, Progress: func(string) {}}, Died: func(what string, err error, _ string) { t.Errorf("%s: %v", what, err) }},
		engine: e, client: e.o.Client, set: set, byName: map[string]*pod{}, byAddress: map[string]*pod{}, elsewhere: map[string]*pod{},
	}
	bed.living, bed.end = context.WithCancel(t.Context())
	for n, place := range set.Layout.All() {
		p := newPod(bed, place)
		p.ip, p.machine = "10.0.0."+string(rune('1'+n)), "node"+place.Name[len(place.Name)-1:]
		bed.pods, bed.byName[place.Name] = append(bed.pods, p), p
	}
	t.Cleanup(func() { bed.end(); bed.owned.Wait() })
	return f, bed
}

// A place for which the cluster has no machine is waited for until nobody wants it any more, and then it is taken away: what is to be there says what it waits for,
// and is where it was until then.
func TestNoPlaceElsewhere(t *testing.T) {
	t.Parallel()
	f, bed := elsewhereIn(t)
	ctx, cancel := context.WithCancel(t.Context())
	moved := make(chan error, 1)
	go func() {
		_, err := bed.Move(ctx, "web-1")
		moved <- err
	}()
	const path = "namespaces/team/pods/squall-r1-web-1-elsewhere-1"
	for !slices.Contains(f.Paths(), path) {
		select {
		case err := <-moved:
			t.Fatalf("there is no pod: %v", err)
		default:
		}
	}
	if beside, machine := bed.Beside("web-1"); machine != "node1" || !slices.Equal(beside, []string{"db-1", "rows-1", "web-1"}) {
		t.Errorf("on its way it is on %s with %q", machine, beside)
	}
	cancel()
	if err := <-moved; err == nil || !strings.Contains(err.Error(), "pod squall-r1-web-1-elsewhere-1 ") {
		t.Errorf("it has not come up, with %v", err)
	}
	for range 2 { // the second time there is nothing to give back
		if err := bed.Home(t.Context(), "web-1"); err != nil {
			t.Fatal(err)
		}
	}
	if left := f.Paths(); len(left) > 0 || bed.in("web-1") != bed.byName["web-1"] {
		t.Errorf("left are %q, and it is at home: %v", left, bed.in("web-1") == bed.byName["web-1"])
	}
	if _, err := bed.Move(t.Context(), "rows-1"); err == nil {
		t.Error("a database has moved without its data")
	}
}

// From elsewhere an instance calls over the edges of its own pod; what it was told at home stays as it was.
func TestCallsFromElsewhere(t *testing.T) {
	t.Parallel()
	_, bed := elsewhereIn(t)
	home := bed.byName["web-1"]
	placed := engine.Placed{Config: node.Config{Upstreams: map[string][]node.Upstream{"db": {{Instance: "db-1", Address: "127.0.0.1:20001"}, {Instance: "db-2", Address: "127.0.0.1:20002"}}}}}
	there := home.from(placed).Config.Upstreams["db"]
	if there[0].Address != home.ip+":20001" || there[1].Address != home.ip+":20002" || placed.Config.Upstreams["db"][0].Address != "127.0.0.1:20001" {
		t.Errorf("from elsewhere it calls %+v, and at home %+v", there, placed.Config.Upstreams["db"])
	}
}
