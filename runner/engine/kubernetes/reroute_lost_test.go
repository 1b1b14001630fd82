package kubernetes

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/reroute"
)

// podSaid is what a cluster says of the pod of a reroute.
func podSaid(t *testing.T, ready, guard string) (out kinds.Pod) {
	t.Helper()
	text := `{"metadata": {"name": "squall-r1-reroute-cart"}, "spec": {"nodeName": "node1"}, "status": {"phase": "Running",
		"conditions": [{"type": "Ready", "status": "` + ready + `"}],
		"initContainerStatuses": [{"name": "mesh", "ready": true, "containerID": "m", "state": {"running": {}}}],
		"containerStatuses": [{"name": "guard", "containerID": "g", ` + guard + `}]}}`
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Where the cluster has lost the machine of the pod that a Service leads to, squall gives that Service back at once and the run ends, which says why. One whose
// guard is just started anew is not taken for that.
func TestReroutesOfLostMachines(t *testing.T) {
	t.Parallel()
	f := kubetest.NewFake(t)
	const path = "namespaces/shop/services/cart"
	f.Put(path, map[string]any{"spec": map[string]any{
		"type": "ClusterIP", "clusterIP": "10.96.0.7", "selector": map[string]any{"app": "cart"}, "ports": []any{map[string]any{"protocol": "TCP", "port": 80.0}},
	}})
	service := func() map[string]any {
		s := f.Object(path)
		delete(s["metadata"].(map[string]any), "resourceVersion")
		return s
	}
	died := make(chan string, 10)
	ctx, end := context.WithCancel(t.Context())
	bed := &testbed{
		Run:    engine.Run{Launch: runner.Launch{Run: "r1", Progress: func(string) {}}, Died: func(what string, err error, _ string) { died <- what + ": " + err.Error() }},
		engine: New(Options{}), client: f.Client(t, "shop"), living: ctx, end: end,
	}
	defer func() { end(); bed.owned.Wait() }()
	p := newPod(bed, &objects.Place{Name: "reroute-cart", Pod: "squall-r1-reroute-cart", Reroutes: "cart", Service: "cart"})
	before := service()
	if err := reroute.Lead(ctx, bed.client, "cart", "r1", p.place.Selects("r1")); err != nil {
		t.Fatal(err)
	}
	rerouted := service()
	const running = `"ready": true, "state": {"running": {}}`
	for _, said := range []kinds.Pod{podSaid(t, "True", running), podSaid(t, "False", `"ready": false, "state": {"terminated": {"exitCode": 137}}`), podSaid(t, "False", `"ready": false, "state": {"running": {}}`)} {
		p.seen(said, false)
	}
	bed.owned.Wait()
	if diff := cmp.Diff(rerouted, service()); diff != "" || len(died) > 0 {
		t.Errorf("with its machine there the reroute is another, and %d have died:\n%s", len(died), diff)
	}
	p.seen(podSaid(t, "False", running), false)
	p.seen(podSaid(t, "False", running), false)
	select {
	case words := <-died:
		if !strings.HasPrefix(words, "the pod that Service cart led to: machine node1, where it is, is lost") {
			t.Errorf("it died so: %s", words)
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody said that the machine is lost")
	}
	bed.owned.Wait()
	if diff := cmp.Diff(before, service()); diff != "" || len(died) > 0 {
		t.Errorf("it died %d times more, and the Service is not as it was:\n%s", len(died), diff)
	}
}
