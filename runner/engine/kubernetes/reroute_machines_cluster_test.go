package kubernetes

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
)

// besideReroute is callsBetween with instances of the run's own on both machines.
var besideReroute = strings.NewReplacer(
	"load:\n", "  web: {kind: service, replicas: 2, endpoints: {GET /x: [{work: 1ms}]}}\nload:\n  webs: {to: web, rate: 1/s, requests: [{send: GET /x}]}\n",
).Replace(callsBetween)

// rerouting is a run that has a Service lead to a pod of its own, and one of its instances on the same machine as that pod.
type rerouting struct {
	runner.System
	shop     *apiserver.Client
	run      string
	before   map[string]any
	pod      kinds.Pod
	instance string
}

func reroutedIn(t *testing.T, k *kubetest.Kubernetes, run string) *rerouting {
	t.Helper()
	r := &rerouting{shop: k.Namespace(t), run: run}
	twoOfATeam(t, k, r.shop)
	k.Grant(t, r.shop, role.More{Reroutes: []string{"cart"}}.Objects(r.shop.Namespace))
	r.before = serviceOf(t, r.shop, "cart")
	e := New(Options{Client: r.shop, Image: ownImage(t, k), AllowReroute: true})
	plan := planOf(t, strings.ReplaceAll(besideReroute, "NAMESPACE", r.shop.Namespace))
	var err error
	r.System, err = e.Launch(t.Context(), runner.Launch{Plan: plan, Run: run, Dir: t.TempDir(), AllowExternal: true, Progress: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	pods, err := apiserver.List[kinds.Pod](t.Context(), r.shop, apiserver.Pods, apiserver.Query{Labels: objects.LabelRun + "=" + run})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pods {
		if p.Metadata.Labels[objects.LabelPart] == objects.PartReroute {
			r.pod = p
		}
	}
	for _, p := range pods {
		if p.Metadata.Labels[objects.LabelNode] == "web" && p.Spec.NodeName == r.pod.Spec.NodeName {
			r.instance = p.Metadata.Labels[objects.LabelInstance]
		}
	}
	if r.instance == "" {
		t.Fatalf("the cluster has put no replica on %s", r.pod.Spec.NodeName)
	}
	return r
}

// down takes it down and wants nothing left.
func (r *rerouting) down(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if err := r.Down(ctx); err != nil {
		t.Error(err)
	}
	same(t, r.before, serviceOf(t, r.shop, "cart"))
	if left, err := claim.Left(ctx, r.shop, r.run); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// crossed is how many requests have crossed the edge between the two.
func (r *rerouting) crossed(t *testing.T) (n int64) {
	t.Helper()
	o, err := r.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range o.Edges {
		if strings.HasPrefix(name, "frontend") {
			n += e.Requests
		}
	}
	return n
}

// givenBack waits until the Service is as it was before the run, and until the run has said that it has ended. The two come in any order.
func (r *rerouting) givenBack(t *testing.T, within time.Duration) (why error) {
	t.Helper()
	begun := time.Now()
	for !reflect.DeepEqual(serviceOf(t, r.shop, "cart"), r.before) {
		if time.Since(begun) > within {
			t.Fatalf("after %s the Service is %v", within, serviceOf(t, r.shop, "cart"))
		}
		rest(t.Context())
	}
	t.Logf("given back after %.1f s", time.Since(begun).Seconds())
	select {
	case why = <-r.Died():
	case <-time.After(within):
		t.Errorf("nobody said within %s that the run has ended", within)
	}
	return why
}

// A machine of the run's that is lost or drained takes the run's instances and nothing of what others call by: the Service that leads to a pod there leads on,
// over the edge between the two. One that an operator drains takes that pod, too: the Service is given back, and the run says why it ends.
func TestRerouteOverMachines(t *testing.T) {
	kubetest.Whole(t)
	k := kubetest.Own(t)
	r := reroutedIn(t, k, "machines")
	defer r.down(t)
	for _, op := range []faults.Op{faults.OpMachineLoss, faults.OpMachineDrain} {
		undo, err := r.Inject(t.Context(), []faults.Primitive{{Op: op, Instance: r.instance}})
		if err != nil {
			t.Fatal(err)
		}
		before := r.crossed(t)
		mustAsk(t, r, "under "+string(op), "users:frontend-1")
		if n := r.crossed(t) - before; n != 1 {
			t.Errorf("under %s %d requests crossed the edge between the two, want the one", op, n)
		}
		receipt, err := undo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(receipt.Deeds) != 1 || receipt.Deeds[0].Instance != r.instance {
			t.Errorf("under %s: %s", op, faults.DeedsText(receipt.Deeds))
		}
	}
	if err := r.shop.Delete(t.Context(), apiserver.Pods, r.pod.Metadata.Name, apiserver.Deletion{}); err != nil { // as an eviction does
		t.Fatal(err)
	}
	if why := r.givenBack(t, time.Minute); why == nil || !strings.Contains(why.Error(), "reroute-cart") {
		t.Errorf("the run ended with %v", why)
	}
	mustAsk(t, r, "after the eviction", "users:frontend-1")
}

// The machine that carries the pod is lost in earnest: nobody hears of it. As soon as the cluster says so squall gives the Service back, from where it is.
func TestRerouteOfALostMachine(t *testing.T) {
	kubetest.Whole(t)
	k := kubetest.Alone(t)
	r := reroutedIn(t, k, "lost")
	defer r.down(t)
	plug := k.Unplug(t, r.pod.Spec.NodeName)
	defer k.Ready(context.WithoutCancel(t.Context()), t) // after plug
	defer plug()
	why := r.givenBack(t, 2*time.Minute)
	t.Logf("the run ended: %v", why)
	if why == nil || !strings.Contains(why.Error(), "machine "+r.pod.Spec.NodeName+", where it is, is lost") {
		t.Errorf("the run ended with %v", why)
	}
}
