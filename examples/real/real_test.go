// Package real holds scenarios over real databases, caches, brokers and proxies. Its tests run them in containers, with images made of
// this machine's packages.
package real

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

// images are the variables by which the examples name the images of parts.
var images = map[string]debimage.Part{
	"POSTGRES_IMAGE": debimage.Postgres, "REDIS_IMAGE": debimage.Redis, "RABBITMQ_IMAGE": debimage.RabbitMQ,
	"NGINX_IMAGE": debimage.Nginx, "VARNISH_IMAGE": debimage.Varnish,
}

// runs is every example with its variants: in containers, and with built-in nodes in virtual time, where alone those variants run whose
// difference is in what is built in.
var runs = []struct {
	file, variant, engine string
	want                  record.Verdict
}{
	{"shop.yaml", "", "docker", record.Pass},
	{"shop.yaml", "", "virtual", record.Pass},
	{"shop.yaml", "no-retry", "virtual", record.Fail},
	{"stampede.yaml", "", "docker", record.Pass},
	{"stampede.yaml", "", "virtual", record.Pass},
	{"stampede.yaml", "no-lease", "virtual", record.Fail},
	{"grace.yaml", "", "docker", record.Pass},
	{"grace.yaml", "no-grace", "docker", record.Fail}, // it is Varnish's own configuration
	{"grace.yaml", "", "virtual", record.Pass},
	{"grace.yaml", "no-grace", "virtual", record.Fail},
	{"outage.yaml", "", "docker", record.Pass},
	{"outage.yaml", "", "virtual", record.Pass},
	{"outage.yaml", "no-retry", "virtual", record.Fail},
	{"killed.yaml", "", "docker", record.Pass},
	{"killed.yaml", "", "virtual", record.Pass},
	{"killed.yaml", "not-waited-for", "docker", record.Fail}, // it is PostgreSQL's own configuration: nothing to run in virtual time
}

// TestMain makes two runs at a time on two cores: each starts servers of some weight.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	m.Run()
}

func TestEveryRealExampleIsRun(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if !slices.ContainsFunc(runs, func(r struct {
			file, variant, engine string
			want                  record.Verdict
		}) bool {
			return r.file == file && r.engine == "docker"
		}) {
			t.Errorf("%s is run in containers by no test", file)
		}
	}
}

// REAL.md has a row for every phase and variant of the examples that it is about: none was changed since without being run again.
func TestFiguresAreOfTheseExamples(t *testing.T) {
	text, err := os.ReadFile("../REAL.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"shop.yaml", "stampede.yaml", "grace.yaml", "outage.yaml"} {
		s, err := language.LoadFile(file, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, variant := range append([]string{""}, s.Variants...) {
			title := s.Scenario.Name
			if variant != "" {
				title += " / " + variant
			}
			for _, phase := range s.Scenario.Phases {
				for _, request := range s.Scenario.Loads[0].Sends() {
					if row := "| " + title + " | " + phase.Name + ", " + request + " |"; !strings.Contains(string(text), row) {
						t.Errorf("REAL.md has no row %q: `make real`", row)
					}
				}
			}
		}
	}
}

// Each example comes to the verdict that it tells of on the real parts, and on the built-in ones that stand in for them.
func TestRealExamples(t *testing.T) {
	for _, r := range runs {
		t.Run(strings.TrimSuffix(r.file, ".yaml")+"/"+r.variant+"/"+r.engine, func(t *testing.T) {
			if r.engine == "docker" && testing.Short() {
				t.Skip("runs in real time; not with -short")
			}
			t.Parallel()
			result := run(t, r.engine, r.file, r.variant, r.want)
			if r.file == "killed.yaml" && r.engine == "docker" {
				killed(t, result, r.variant != "")
			}
		})
	}
}

// killed holds the account of writes against what PostgreSQL says of itself: a commit that waits for the log is never lost, and
// one that does not is, where it was acknowledged in the last moments before a kill: its log is written out page by page,
// and a page of 8 kB has some 30 of these.
func killed(t *testing.T, r *record.Result, mayLose bool) {
	t.Helper()
	if !r.Writes.Checked || len(r.Writes.Loads) != 1 || r.Writes.Acknowledged < 300 {
		t.Fatalf("writes: %+v", r.Writes)
	}
	if !mayLose {
		if r.Writes.Lost != 0 || r.Writes.Duplicated != 0 {
			t.Errorf("%d lost, %d duplicated", r.Writes.Lost, r.Writes.Duplicated)
		}
		return
	}
	for _, f := range r.Faults {
		if f.AppliedS == nil {
			t.Fatalf("a kill that did not come: %+v", f)
		}
	}
	lost := 0
	for _, w := range r.Written {
		if !w.Lost {
			continue
		}
		lost++
		if !slices.ContainsFunc(r.Faults, func(f record.Fault) bool { return w.DoneS > *f.AppliedS-3 && w.DoneS < *f.AppliedS+.5 }) {
			t.Errorf("a write acknowledged at %.2f s is lost, and no kill came then: %+v", w.DoneS, w)
		}
	}
	if int64(lost) != r.Writes.Lost || lost == 0 || lost > 150 {
		t.Errorf("%d writes are lost by writes.jsonl, %d by the result; want some, of the last moments before two kills", lost, r.Writes.Lost)
	}
}

// run runs one example and checks its verdict. A run that the machine disturbed (inconclusive) is made again, twice
// at most: these machines are shared, and what is tested is the example.
func run(t *testing.T, engine, file, variant string, want record.Verdict) *record.Result {
	t.Helper()
	environment := append(os.Environ(), "SQUALL_STATE="+t.TempDir())
	if engine == "docker" {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, part := range images {
			if strings.Contains(string(text), name) {
				environment = append(environment, name+"="+debimage.Ensure(t.Context(), t, part))
			}
		}
	}
	for attempt := 1; ; attempt++ {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		cmd := exec.CommandContext(ctx, squallbin.Path(t), "run", "--quiet", "--engine", engine, "--out", dir, "--variant", variant, file)
		cmd.Env = environment
		out, err := cmd.CombinedOutput()
		cancel()
		result, readErr := record.Read(dir)
		if readErr != nil {
			t.Fatalf("%v: %v:\n%s", err, readErr, out)
		}
		if result.Verdict == record.Inconclusive && attempt < 3 {
			t.Logf("inconclusive, made again:\n%s", out)
			continue
		}
		if result.Verdict == record.Inconclusive { // a machine that is never quiet: what was measured is what there is to hold
			t.Logf("inconclusive thrice:\n%s", out)
			measured(t, result, want)
			return result
		}
		exit := report.ExitPass
		if want == record.Fail {
			exit = report.ExitFail
		}
		if got := report.Exit(cmd.ProcessState.ExitCode()); result.Verdict != want || got != exit {
			t.Fatalf("%s, want %s (%v):\n%s", result.Verdict, want, err, out)
		}
		return result
	}
}

// measured holds what a disturbed run measured against what the example says, sure or not.
func measured(t *testing.T, r *record.Result, want record.Verdict) {
	t.Helper()
	broken := 0
	for _, e := range r.Expectations {
		if e.Holds != nil && !*e.Holds {
			broken++
			t.Logf("does not hold: %s", e.Text)
		}
	}
	if broken > 0 != (want == record.Fail) {
		t.Errorf("%d of %d expectations do not hold, want %s", broken, len(r.Expectations), want)
	}
}
