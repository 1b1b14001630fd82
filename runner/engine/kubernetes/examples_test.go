package kubernetes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/squallhq/squall/internal/cluster"
	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// examples have the verdicts in a cluster that they have elsewhere (see examples_test.go of theirs, and AGREEMENT.md).
var examples = []struct {
	file, variant string
	exit          report.Exit
}{
	{"quickstart.yaml", "", report.ExitPass},
	{"quickstart.yaml", "unprotected", report.ExitFail},
	{"latency.yaml", "", report.ExitPass},
	{"partition.yaml", "", report.ExitPass},
	{"crash.yaml", "", report.ExitPass},
}

// One after the other: their percentiles are of a machine that does nothing else.
func TestExamples(t *testing.T) {
	k := kubetest.Own(t)
	for _, e := range examples {
		t.Run(e.file+" "+e.variant, func(t *testing.T) {
			if e.file != "quickstart.yaml" {
				kubetest.Whole(t)
			}
			p := squall(t, k, filepath.Join("../../../examples", e.file), "--variant", e.variant)
			p.phase("steady")
			containers := p.containers()
			code, r := p.ended()
			tell(t, r)
			if code != e.exit {
				t.Errorf("exit code %d, want %d: %v", code, e.exit, r.Reasons)
			}
			met(t, r)
			p.nothing(0, containers)
		})
	}
}

// One fault of each family that pods can have, an image of somebody else's among what they are on: every expectation holds, and each as on docker, where
// an engine answers.
func TestFamilies(t *testing.T) {
	k := kubetest.Own(t)
	program := squallbin.Program(t, strangerProgram, "0")
	k.Image(t, "stranger", program)
	p := squall(t, k, "testdata/families.yaml")
	p.phase("steady")
	containers := p.containers()
	code, here := p.ended()
	tell(t, here)
	if code != report.ExitPass {
		t.Errorf("exit code %d: %v", code, here.Reasons)
	}
	met(t, here)
	p.nothing(0, containers)
	there := onDocker(t, program)
	if there == nil {
		return
	}
	tell(t, there)
	for n, e := range here.Expectations {
		if other := there.Expectations[n]; holds(e) != holds(other) {
			t.Errorf("%s: in the cluster %s (%s), on docker %s (%s)", e.Text, holds(e), e.Measured, holds(other), other.Measured)
		}
	}
}

// onDocker runs the same scenario there; nil: no engine answers, which the log says.
func onDocker(t *testing.T, program string) *record.Result {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "docker", "info").CombinedOutput(); err != nil {
		t.Logf("not held against docker: %v: %s", err, out)
		return nil
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	if err := writeImage(archive, "localhost/stranger:test", program); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "docker", "load", "-i", archive).CombinedOutput(); err != nil {
		t.Fatalf("give docker the image: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("docker", "rmi", "localhost/stranger:test").CombinedOutput(); err != nil {
			t.Errorf("remove the image: %v: %s", err, out)
		}
	})
	out := filepath.Join(t.TempDir(), "out")
	run := exec.CommandContext(t.Context(), squallbin.Path(t), "run", "testdata/families.yaml", "--engine", "docker", "--out", out)
	said, err := run.CombinedOutput()
	r, readErr := record.Read(out)
	if readErr != nil {
		t.Fatalf("%v, %v:\n%s", err, readErr, said)
	}
	return r
}

func writeImage(archive, name, program string) error {
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	return errors.Join(cluster.WriteImage(f, name, program, "/program"), f.Close())
}

// met holds that every fault met what it was on.
func met(t *testing.T, r *record.Result) {
	t.Helper()
	for _, f := range r.Faults {
		if !f.Receipt.Met {
			t.Errorf("nothing met %s on %s: %s", f.Kind, f.On, f.Receipt.Text)
		}
	}
}

// tell logs a run's figures.
func tell(t *testing.T, r *record.Result) {
	t.Helper()
	lines := fmt.Sprintf("%s on %s: %s; late by %.1f ms at p99, pods ready and clocks compared after %.1f s\n", r.Scenario, r.Engine, r.Verdict, r.Generator.LagMs.P99, r.BeganAfterS)
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			lines += fmt.Sprintf("%-14s %-22s %5d sent, %6.2f %% answered, p50 %7.1f ms, p99 %7.1f ms\n",
				p.Name, q.Request, q.Sent, 100*float64(q.OK+q.Degraded)/float64(max(q.Sent, 1)), q.LatencyMs.P50, q.LatencyMs.P99)
		}
	}
	for _, e := range r.Expectations {
		lines += fmt.Sprintf("%s: %s: %s\n", holds(e), e.Text, e.Measured)
	}
	t.Log(lines)
}

func holds(e record.Expectation) string {
	switch {
	case e.Holds == nil:
		return "unknown"
	case *e.Holds:
		return "holds"
	}
	return "does not hold"
}
