package kubernetes

import (
	"testing"
	"time"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
)

// Three pods find out that they run, that the clocks of this one machine are as its own, and that the network of the cluster for tests, which is a bridge,
// enforces no policy; nothing is left of them.
func TestProbe(t *testing.T) {
	k := kubetest.Own(t)
	c := k.Namespace(t)
	e := New(Options{Client: c, Image: ownImage(t, k)})
	if err := e.Admits(t.Context(), "doctor"); err != nil {
		t.Error(err)
	}
	p, err := e.Probe(t.Context(), "doctor-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("up after %s, clocks %v", p.Up, p.Clocks)
	if len(p.Clocks) != 3 {
		t.Errorf("%d clocks, want 3", len(p.Clocks))
	}
	for _, o := range p.Clocks {
		if o.Ahead.Abs() > o.Uncertain+10*time.Millisecond {
			t.Errorf("a clock of this very machine is %s ahead, give or take %s", o.Ahead, o.Uncertain)
		}
	}
	if p.Enforced == nil || *p.Enforced {
		t.Errorf("policies enforced: %v, %s; a bridge enforces none", p.Enforced, p.Why)
	}
	if left, err := claim.Left(t.Context(), c, ""); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}
