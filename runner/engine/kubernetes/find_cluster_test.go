package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/runner/record"
)

// What others run in another namespace is called by its Service's name, feels the faults of the edges toward it and no others, and is as it was; the role
// says what that takes.
func TestRunAgainstAServiceOfOthers(t *testing.T) {
	k := kubetest.Cluster(t)
	team, shop := k.Namespace(t), k.Namespace(t)
	image := ownImage(t, k)
	served(t, shop, k.Image(t, "stranger", squallbin.Program(t, strangerProgram, "0")))
	more := role.More{Targets: []string{shop.Namespace}}
	c := k.As(t, team, more.Objects(team.Namespace))
	if missing, err := more.Missing(t.Context(), c); err != nil || len(missing) > 0 {
		t.Fatalf("the role lacks %q of itself, %v", missing, err)
	}
	before := serviceOf(t, shop, "cart")
	file := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(callsCart, "NAMESPACE", shop.Namespace)), 0o644); err != nil {
		t.Fatal(err)
	}
	r := ran(t, "run", file, "--engine", "kubernetes", "--context", "squall", "--namespace", team.Namespace, "--image", image, "--allow-external")
	if r.Verdict != record.Pass {
		t.Errorf("verdict %s", r.Verdict)
	}
	for _, f := range r.Faults {
		if !f.Receipt.Met {
			t.Errorf("nothing met %s: %s", f.Kind, f.Receipt.Text)
		}
	}
	same(t, before, serviceOf(t, shop, "cart"))
	for _, c := range []string{team.Namespace, shop.Namespace} {
		if left, err := claim.Left(t.Context(), team.In(c), ""); err != nil || len(left) > 0 {
			t.Errorf("left: %q, %v", left, err)
		}
	}
}
