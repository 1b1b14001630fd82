package kubernetes

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/runner/record"
)

// ran runs the program, which has to end well, and reads its record.
func ran(t *testing.T, args ...string) record.Result {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	said, err := exec.CommandContext(t.Context(), squallbin.Path(t), append(args, "--out", out)...).CombinedOutput()
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
	return r
}

// Who has what `squall kubernetes role --own-namespace` prints, and no more, runs a scenario in a namespace of the run's own, and none is left.
func TestRunInANamespaceOfItsOwn(t *testing.T) {
	k := kubetest.Cluster(t)
	admin := k.Namespace(t)
	image := ownImage(t, k)
	more := role.More{OwnNamespace: true}
	c := k.As(t, admin, more.Objects(admin.Namespace))
	if missing, err := more.Missing(t.Context(), c); err != nil || len(missing) > 0 {
		t.Fatalf("the role lacks %q of itself, %v", missing, err)
	}
	r := ran(t, "run", "testdata/shop.yaml", "--engine", "kubernetes", "--context", "squall", "--own-namespace", "--image", image)
	if r.Verdict != record.Pass {
		t.Errorf("verdict %s", r.Verdict)
	}
	if n, err := apiserver.Get[kinds.Namespace](t.Context(), admin, apiserver.Namespaces, claim.Name(r.Run)); !errors.Is(err, apiserver.ErrNotFound) {
		t.Errorf("after the run there is %+v, %v", n, err)
	}
	if left, err := claim.Left(t.Context(), admin, ""); err != nil || len(left) > 0 {
		t.Errorf("left where it had nothing to do: %q, %v", left, err)
	}
}

// serviceOf is a Service as its API server has it, but for what counts and tells its changes.
func serviceOf(t *testing.T, c *apiserver.Client, name string) map[string]any {
	t.Helper()
	s, err := apiserver.Get[map[string]any](t.Context(), c, apiserver.Services, name)
	if err != nil {
		t.Fatal(err)
	}
	meta := s["metadata"].(map[string]any)
	delete(meta, "resourceVersion")
	delete(meta, "managedFields")
	return s
}

func same(t *testing.T, before, after map[string]any) {
	t.Helper()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the Service is not as it was:\n%s", diff)
	}
}
