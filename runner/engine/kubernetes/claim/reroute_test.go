package claim

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/reroute"
	"github.com/squallhq/squall/runner/engine/owner"
)

// Who cleans up gives back what runs have rerouted whose conductors are gone, and what nobody claims; what a run that is alive has rerouted stays.
func TestReapGivesBack(t *testing.T) {
	t.Parallel()
	f := kubetest.NewFake(t)
	c := f.Client(t, "shop")
	here := owner.This()
	dead := here
	dead.Start = "1"
	for run, who := range map[string]owner.Owner{"alive": here, "dead": dead} {
		f.Put("namespaces/shop/jobs/"+Name(run), kinds.Job{Metadata: kinds.ObjectMeta{
			Labels: map[string]string{Label: run}, Annotations: map[string]string{annotationOwner: who.String(), annotationExpires: expires(time.Now().Add(time.Minute))},
		}})
	}
	services := []string{"alive", "dead", "lost"}
	path := func(name string) string { return "namespaces/shop/services/" + name }
	before := map[string]map[string]any{}
	plain := func(name string) map[string]any {
		s := f.Object(path(name))
		delete(s["metadata"].(map[string]any), "resourceVersion")
		return s
	}
	for _, name := range services {
		f.Put(path(name), kinds.Service{Spec: kinds.ServiceSpec{ClusterIP: "10.0.0.1", Selector: map[string]string{"app": name}, Ports: []kinds.ServicePort{{Port: 80}}}})
		before[name] = plain(name)
		if err := reroute.Lead(t.Context(), c, name, name, map[string]string{Label: name}); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := Left(t.Context(), c, "lost"); err != nil || !slices.Equal(left, []string{"the reroute of service lost in namespace shop (by run lost)"}) {
		t.Errorf("left of a run is %q, %v", left, err)
	}
	kept := plain("alive")
	removed, err := Reap(t.Context(), c)
	want := []string{
		"job squall-dead in namespace shop (of run dead)",
		"the reroute of service dead in namespace shop (by run dead)", "the reroute of service lost in namespace shop (by run lost)",
	}
	if diff := cmp.Diff(want, removed); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, name := range services[1:] {
		if diff := cmp.Diff(before[name], plain(name)); diff != "" {
			t.Errorf("%s is not as it was:\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(kept, plain("alive")); diff != "" {
		t.Errorf("of the run that is alive:\n%s", diff)
	}
}
