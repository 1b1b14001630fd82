package kubernetes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/record"
)

// The program runs a scenario in a cluster as its users do: two pods send the load, an instance crashes for as long as it is to, meshes in two pods
// cut their edges at one time, every expectation holds, and nothing is left.
func TestRun(t *testing.T) {
	k := kubetest.Cluster(t)
	c := k.Namespace(t)
	image := ownImage(t, k)
	out := filepath.Join(t.TempDir(), "out")
	run := exec.CommandContext(t.Context(), squallbin.Path(t), "run", "testdata/shop.yaml",
		"--engine", "kubernetes", "--kubeconfig", k.Kubeconfig, "--namespace", c.Namespace, "--image", image, "--generators", "2", "--out", out)
	said, err := run.CombinedOutput()
	t.Logf("%s", said)
	if err != nil {
		t.Fatalf("it ended with %v", err)
	}
	data, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r record.Result
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if r.Verdict != record.Pass || r.Engine != "kubernetes" || len(r.Generators) != 2 {
		t.Errorf("verdict %s on %s with %d generators", r.Verdict, r.Engine, len(r.Generators))
	}
	for _, f := range r.Faults {
		if !f.Receipt.Met {
			t.Errorf("nothing met %s: %s", f.Kind, f.Receipt.Text)
		}
	}
	for _, f := range r.Faults {
		spread, err := json.Marshal(f.Receipt.Spread)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s on %v to %v, spread %s: %s", f.Kind, *f.AppliedS, *f.UndoneS, spread, f.Receipt.Text)
	}
	if s := r.Faults[1].Receipt.Spread; s == nil || s.Meshes != 2 || s.OnMs == nil || s.OffMs == nil {
		t.Errorf("of a fault on edges of two pods: %+v", s)
	}
	for _, name := range []string{"generator-1", "generator-2", "api-1", "shop-2", "db-1"} {
		if _, err := os.Stat(filepath.Join(out, "logs", name+".log")); err != nil {
			t.Error(err)
		}
	}
	left, err := claim.Left(t.Context(), c, r.Run)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
