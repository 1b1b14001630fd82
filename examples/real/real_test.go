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

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

// images are the variables by which the examples name the images of parts.
var images = map[string]debimage.Part{
	"POSTGRES_IMAGE": debimage.Postgres, "REDIS_IMAGE": debimage.Redis, "RABBITMQ_IMAGE": debimage.RabbitMQ,
	"NGINX_IMAGE": debimage.Nginx, "VARNISH_IMAGE": debimage.Varnish, "HAPROXY_IMAGE": debimage.HAProxy, "NATS_IMAGE": debimage.NATS,
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
	{"orders.yaml", "", "docker", record.Pass},
	{"orders.yaml", "", "virtual", record.Pass},
	{"orders.yaml", "core-nats", "docker", record.Fail}, // it is NATS's own: a built-in queue keeps what nobody is there to take
	{"failover.yaml", "", "docker", record.Pass},
	{"failover.yaml", "idle-retry", "docker", record.Fail},   // what PostgreSQL does with an attempt that is given up
	{"failover.yaml", "asynchronous", "docker", record.Fail}, // a replica that is behind: the pattern replication-sync is the same in virtual time
}

// TestMain makes three runs at a time on two cores: each starts servers of some weight, and then mostly waits.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0)/2)); err != nil {
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
	for n, r := range runs {
		t.Run(strings.TrimSuffix(r.file, ".yaml")+"/"+r.variant+"/"+r.engine, func(t *testing.T) {
			if r.engine == "docker" && testing.Short() {
				t.Skip("runs in real time; not with -short")
			}
			breadth.Today(t, n, 6)
			t.Parallel()
			result := run(t, r.engine, r.file, r.variant, r.want)
			if r.file == "killed.yaml" && r.engine == "docker" {
				killed(t, result, r.variant != "")
			}
			if r.file == "orders.yaml" {
				ordered(t, result, r.variant != "")
			}
			if r.file == "failover.yaml" {
				failedOver(t, result, map[string]int{"asynchronous": 8, "idle-retry": 1}[r.variant])
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

// ordered holds the account of orders against what the brokers promise: at least once, every one of them is worked on, and its key keeps
// it from being there twice. Over core NATS those are not that came while the workers were cut off from it, and through RabbitMQ all are.
func ordered(t *testing.T, r *record.Result, mayLose bool) {
	t.Helper()
	if !r.Writes.Checked || r.Writes.Acknowledged < 500 || r.Writes.Duplicated != 0 || len(r.Faults) != 3 || r.Faults[2].AppliedS == nil || r.Faults[2].UndoneS == nil {
		t.Fatalf("writes: %+v, faults: %+v", r.Writes, r.Faults)
	}
	lost, away, through := 0, 0, 0
	for _, w := range r.Written {
		during := w.Request == "POST /nats/{write}" && w.Outcome == record.Acknowledged && w.SentS > *r.Faults[2].AppliedS+.2 && w.DoneS < *r.Faults[2].UndoneS
		if during {
			away++
		}
		if w.Lost {
			lost++
			if during {
				through++
			}
			if w.Request != "POST /nats/{write}" {
				t.Errorf("an order through RabbitMQ is lost: %+v", w)
			}
		}
	}
	t.Logf("%d of %d acknowledged orders lost, %d of the %d that went to NATS while its workers were away", lost, r.Writes.Acknowledged, through, away)
	if int64(lost) != r.Writes.Lost || !mayLose && lost > 0 || mayLose && (through != away || away < 5 || lost > 120) {
		t.Errorf("%d orders are lost by writes.jsonl, %d by the result; %d of %d while the workers were away", lost, r.Writes.Lost, through, away)
	}
}

// failedOver holds the account of writes against the fault: an asynchronous replica that is promoted has not got what was acknowledged
// between the cut and the kill, at least so many, and has got all else; a synchronous one has got everything, but what was acknowledged
// without waiting for it.
func failedOver(t *testing.T, r *record.Result, least int) {
	t.Helper()
	mayLose := least > 0
	if !r.Writes.Checked || r.Writes.Acknowledged < 80 || len(r.Faults) != 3 {
		t.Fatalf("writes: %+v, %d faults", r.Writes, len(r.Faults))
	}
	for _, f := range r.Faults {
		if f.AppliedS == nil {
			t.Fatalf("a fault that did not come: %+v", f)
		}
	}
	const near = 0.1 // what was under way, and what the fault took
	cut, killed, lost, between := *r.Faults[0].AppliedS, *r.Faults[1].AppliedS, 0, 0
	dying := r.Faults[1].ScheduledS // the engine tells of the kill when it is done, and who is promoted may take writes by then
	for _, w := range r.Written {
		if w.Outcome != record.Acknowledged {
			continue
		}
		if w.Lost {
			lost++
		}
		sure := w.DoneS > cut+near && w.DoneS < dying
		if sure {
			between++
		}
		if !mayLose && w.Lost || mayLose && sure && !w.Lost || mayLose && w.Lost && (w.DoneS < cut-near || w.DoneS > killed+near) {
			t.Errorf("acknowledged at %.2f s, lost: %v; the replica was cut off at %.2f s and the primary killed at %.2f s", w.DoneS, w.Lost, cut, killed)
		}
	}
	t.Logf("%d of %d acknowledged writes lost; %d were surely acknowledged while the replica was cut off", lost, r.Writes.Acknowledged, between)
	if int64(lost) != r.Writes.Lost || r.Writes.Duplicated != 0 {
		t.Errorf("%d writes are lost by writes.jsonl, %d by the result, which has %d twice", lost, r.Writes.Lost, r.Writes.Duplicated)
	}
	if between < least || !mayLose && between > 0 {
		t.Errorf("%d writes were acknowledged while the replica was cut off", between)
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
