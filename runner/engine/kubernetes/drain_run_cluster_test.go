package kubernetes

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/runner/record"
)

const drainedRun = `scenario: drained
topology:
  web: {kind: service, replicas: 2, timeout: 1s, endpoints: {GET /x: [{call: db GET /}]}}
  db: {kind: service, replicas: 2, endpoints: {GET /: [{work: 5ms}]}}
load: {users: {to: web, rate: 40/s, requests: [{send: GET /x}]}}
phases:
  - {name: steady, for: 5s}
  - {name: drained, for: 15s, faults: [{machine_drain: web-1, elsewhere_after: 1s, at: 1s, for: 12s}]}
  - {name: recovery, for: 5s}
expect:
  - {in: drained, of: all, success: ">= 99%"}
  - {in: recovery, of: all, success: ">= 98%"}
`

// Who has the printed role and no more runs a scenario with a drained machine, where the network enforces policies: users hardly notice, since all are told and there is another machine; the record
// says who was drained, and where they came up again.
func TestRunOverADrain(t *testing.T) {
	kubetest.Whole(t)
	k := kubetest.Own(t)
	c := k.Namespace(t)
	image := ownImage(t, k)
	k.As(t, c, role.Objects(c.Namespace))
	k.Enforce(t, c)
	file := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(file, []byte(drainedRun), 0o644); err != nil {
		t.Fatal(err)
	}
	r := ran(t, "run", file, "--engine", "kubernetes", "--context", "squall", "--namespace", c.Namespace, "--image", image, "--generators", "1")
	if r.Verdict != record.Pass || len(r.Faults) != 1 || !r.Faults[0].Receipt.Met {
		t.Fatalf("verdict %s: %q, faults %+v", r.Verdict, r.Reasons, r.Faults)
	}
	moved := map[string]bool{}
	for _, d := range r.Faults[0].Receipt.Did {
		if d.What != "drained" || d.Drain == nil || d.Drain.TookMs == nil || d.Drain.Killed == nil || *d.Drain.Killed || d.Drain.Elsewhere == "" || d.Drain.Elsewhere == d.Drain.Machine || d.Drain.AwayMs == nil || *d.Drain.AwayMs < 1000 {
			t.Errorf("of %s it says %+v", d.Instance, d.Drain)
		}
		moved[d.Instance] = true
	}
	if !moved["web-1"] || moved["web-2"] {
		t.Errorf("drained were %v", moved)
	}
	if left, err := claim.Left(t.Context(), c, ""); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}
