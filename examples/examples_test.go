// Package examples holds scenarios that a stranger can run. Its tests run every one of them.
package examples

import (
	"bytes"
	"context"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// runs is every example with every variant, and the exit code that it is to have: what a variant
// without its protection takes away must show, or the example shows nothing.
var runs = []struct {
	file, variant string
	exit          report.Exit
}{
	{"quickstart.yaml", "", report.ExitPass},
	{"quickstart.yaml", "unprotected", report.ExitFail},
	{"latency.yaml", "", report.ExitPass},
	{"latency.yaml", "no-breaker", report.ExitFail},
	{"partition.yaml", "", report.ExitPass},
	{"partition.yaml", "no-fallback", report.ExitFail},
	{"region-outage.yaml", "", report.ExitPass},
	{"region-outage.yaml", "one-region", report.ExitFail},
	{"crash.yaml", "", report.ExitPass},
	{"crash.yaml", "no-retry", report.ExitFail},
	{"direct.yaml", "", report.ExitPass},
	{"direct.yaml", "impatient", report.ExitFail},
	{"login.yaml", "", report.ExitPass},
	{"login.yaml", "empty-cart", report.ExitFail},
	{"login.yaml", "old-token", report.ExitFail},
}

func TestEveryExampleIsRun(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !slices.ContainsFunc(runs, func(r struct {
			file, variant string
			exit          report.Exit
		}) bool {
			return r.file == file
		}) {
			t.Errorf("%s is run by no test", file)
		}
	}
}

// TestMain makes three runs at a time on two cores: each takes a sixth of one, and waits else.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(runtime.GOMAXPROCS(0)*3/2)); err != nil {
		panic(err)
	}
	m.Run()
}

// Every example runs in real processes as it stands; its variants run in virtual time (see virtual_test.go).
func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every example in real time; not with -short")
	}
	t.Parallel()
	for _, r := range runs {
		if r.variant != "" || r.file == agreeing && dockerAnswers(t) { // then TestEnginesAgree runs it
			continue
		}
		t.Run(strings.TrimSuffix(r.file, ".yaml")+"/"+r.variant, func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 3)
			t.Parallel()
			run(t, "process", r.file, r.variant, r.exit)
		})
	}
}

// agreeing is the example that TestEnginesAgree runs, where it can.
const agreeing = "quickstart.yaml"

// The same scenario gives the same verdict on both engines, and figures that agree. How closely is stated
// here: success within 1 percentage point in every phase and request, p50 within 5 ms or 50 %, whichever is more
// (containers' networks and a shared machine cost that much); amplification within 0.3. What else a machine does only ever adds to a
// latency: where a p50 is too far off, the engine whose answers took longer runs it again, twice at most, and the least of its p50s counts. What
// an engine itself adds is in all of them.
func TestEnginesAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("runs in real time; not with -short")
	}
	if !dockerAnswers(t) {
		t.Skip("needs a container engine")
	}
	t.Parallel()
	for n, r := range runs {
		if r.file != agreeing {
			continue
		}
		t.Run(strings.TrimSuffix(r.file, ".yaml")+"/"+r.variant, func(t *testing.T) {
			breadth.Today(t, n, 2)
			t.Parallel()
			results := map[string]*record.Result{}
			t.Run("runs", func(t *testing.T) {
				for _, engine := range []string{"process", "docker"} {
					t.Run(engine, func(t *testing.T) {
						t.Parallel()
						result := run(t, engine, r.file, r.variant, r.exit)
						mu.Lock()
						defer mu.Unlock()
						results[engine] = result
					})
				}
			})
			a, b := results["process"], results["docker"]
			if a == nil || b == nil {
				return // it has failed
			}
			for again := 0; again < 2; again++ {
				slower := further(a, b)
				if slower == nil {
					break
				}
				t.Logf("%s again: its p50 is far above the other's", slower.Engine)
				least(slower, run(t, slower.Engine, r.file, r.variant, r.exit))
			}
			agree(t, a, b)
		})
	}
}

// mu guards what subtests of one test gather.
var mu sync.Mutex

// allowed is how much two p50s may differ by.
func allowed(p50 float64) float64 { return max(5, p50/2) }

// further is the run whose p50s are too far above the other's, nil where none is.
func further(a, b *record.Result) *record.Result {
	for i, phase := range a.Phases {
		for j, p := range phase.Requests {
			if off := b.Phases[i].Requests[j].LatencyMs.P50 - p.LatencyMs.P50; off > allowed(p.LatencyMs.P50) {
				return b
			} else if -off > allowed(p.LatencyMs.P50) {
				return a
			}
		}
	}
	return nil
}

// least lowers a run's p50s to those of another run of the same.
func least(of, other *record.Result) {
	for i, phase := range of.Phases {
		for j := range phase.Requests {
			p50 := &phase.Requests[j].LatencyMs.P50
			*p50 = min(*p50, other.Phases[i].Requests[j].LatencyMs.P50)
		}
	}
}

func agree(t *testing.T, a, b *record.Result) {
	t.Helper()
	if a.Verdict != b.Verdict {
		t.Errorf("verdicts: %s on %s, %s on %s", a.Verdict, a.Engine, b.Verdict, b.Engine)
	}
	for i, phase := range a.Phases {
		for j, p := range phase.Requests {
			q := b.Phases[i].Requests[j]
			success := func(r record.Request) float64 { return float64(r.OK+r.Degraded) / float64(r.Sent) }
			t.Logf("%-14s %-22s success %.4f %.4f  p50 %.2f %.2f ms  p99 %.1f %.1f ms", phase.Name, p.Request,
				success(p), success(q), p.LatencyMs.P50, q.LatencyMs.P50, p.LatencyMs.P99, q.LatencyMs.P99)
			if math.Abs(success(p)-success(q)) > .01 && a.Verdict == record.Pass {
				t.Errorf("%s, %s: success %.4f and %.4f", phase.Name, p.Request, success(p), success(q))
			}
			if d := math.Abs(p.LatencyMs.P50 - q.LatencyMs.P50); d > allowed(p.LatencyMs.P50) {
				t.Errorf("%s, %s: p50 %.2f and %.2f ms", phase.Name, p.Request, p.LatencyMs.P50, q.LatencyMs.P50)
			}
		}
	}
	for i, e := range a.Edges {
		if f := b.Edges[i]; e.Name != f.Name || math.Abs(e.Amplification-f.Amplification) > .3 {
			t.Errorf("edge %s amplifies %.2fx, edge %s %.2fx", e.Name, e.Amplification, f.Name, f.Amplification)
		}
	}
}

// run runs one example and checks its exit code. A run that the machine disturbed (inconclusive) is made again, twice
// at most: these machines are shared, and what is tested is the example.
func run(t *testing.T, engine, file, variant string, want report.Exit, environment ...string) *record.Result {
	t.Helper()
	for attempt := 1; ; attempt++ {
		dir := filepath.Join(t.TempDir(), "run")
		args := []string{"run", "--quiet", "--engine", engine, "--out", dir, file}
		if variant != "" {
			args = append(args, "--variant", variant)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		cmd := exec.CommandContext(ctx, squallbin.Path(t), args...)
		cmd.Env = append(append(os.Environ(), "SQUALL_STATE="+t.TempDir()), environment...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		cancel()
		got := report.Exit(cmd.ProcessState.ExitCode())
		if got == report.ExitInconclusive && attempt < 3 {
			t.Logf("inconclusive, made again:\n%s", out.String())
			continue
		}
		if got != want {
			t.Fatalf("exit %d (%v), want %d:\n%s", got, err, want, out.String())
		}
		result, err := record.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

func dockerAnswers(t *testing.T) bool {
	t.Helper()
	if out, err := exec.Command("docker", "version").CombinedOutput(); err != nil {
		if os.Getenv("SQUALL_REQUIRE_DOCKER") == "1" {
			t.Fatalf("a container engine is required here and none answers: %v: %s", err, out)
		}
		t.Logf("no container engine answers: %v", err)
		return false
	}
	return true
}
