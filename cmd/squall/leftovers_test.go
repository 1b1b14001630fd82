package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// squall is one run of the program under test, with a state folder of its own.
type squall struct {
	t      *testing.T
	cmd    *exec.Cmd
	state  string
	dir    string // where it runs
	lines  chan string
	output bytes.Buffer // standard output
	seen   []string
}

func start(t *testing.T, state string, args ...string) *squall {
	t.Helper()
	return startIn(t, t.TempDir(), state, args...)
}

// startIn starts squall in a folder.
func startIn(t *testing.T, dir, state string, args ...string) *squall {
	t.Helper()
	s := &squall{t: t, state: state, dir: dir, lines: make(chan string, 1000)}
	s.cmd = exec.Command(squallbin.Path(t), args...)
	s.cmd.Dir = s.dir
	s.cmd.Env = append(os.Environ(), "SQUALL_STATE="+state)
	s.cmd.Stdout = &s.output
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go s.read(stderr)
	return s
}

func (s *squall) read(r io.Reader) {
	defer close(s.lines)
	for scan := bufio.NewScanner(r); scan.Scan(); {
		s.lines <- scan.Text()
	}
}

// await waits for a line of progress that contains text.
func (s *squall) await(text string) {
	s.t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				s.t.Fatalf("squall ended before it said %q; it said:\n%s", text, strings.Join(s.seen, "\n"))
			}
			s.seen = append(s.seen, line)
			if strings.Contains(line, text) {
				return
			}
		case <-deadline:
			s.cmd.Process.Kill()
			s.t.Fatalf("squall never said %q; it said:\n%s", text, strings.Join(s.seen, "\n"))
		}
	}
}

// end waits for the end and says the exit code (-1: killed).
func (s *squall) end() report.Exit {
	for line := range s.lines {
		s.seen = append(s.seen, line)
	}
	_ = s.cmd.Wait() // the exit code tells
	return report.Exit(s.cmd.ProcessState.ExitCode())
}

// runID is where a run says who it is; before that it may say what it has cleaned up "(of run ...)", of one that is dead.
var runID = regexp.MustCompile(`\), run (\d{8}-\d{6}-[0-9a-f]{4})`)

func (s *squall) run() string {
	s.t.Helper()
	m := runID.FindStringSubmatch(strings.Join(s.seen, "\n"))
	if m == nil {
		s.t.Fatalf("it did not say which run it is:\n%s", strings.Join(s.seen, "\n"))
	}
	return m[1]
}

// engines are the engines to test with here: docker where one answers, and always in CI.
func engines(t *testing.T) []string {
	if dockerAnswers(t) {
		return []string{"process", "docker"}
	}
	return []string{"process"}
}

func dockerAnswers(t *testing.T) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").CombinedOutput()
	if err == nil {
		return true
	}
	if os.Getenv("SQUALL_REQUIRE_DOCKER") == "1" {
		t.Fatalf("a container engine is required here and none answers: %v: %s", err, out)
	}
	t.Logf("no container engine answers: testing the process engine alone (%v)", err)
	return false
}

// leftovers lists everything that a run has left on this machine.
func leftovers(t *testing.T, run string) []string {
	t.Helper()
	var left []string
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range environments {
		if env, err := os.ReadFile(file); err == nil && bytes.Contains(env, []byte("SQUALL_RUN="+run)) {
			left = append(left, "process "+filepath.Base(filepath.Dir(file)))
		}
	}
	if temp, _ := filepath.Glob(filepath.Join(os.TempDir(), "*"+run+"*")); len(temp) > 0 {
		left = append(left, temp...)
	}
	if dockerAnswers(t) {
		for what, args := range map[string][]string{
			"container": {"ps", "-aq"}, "network": {"network", "ls", "-q"}, "volume": {"volume", "ls", "-q"},
		} {
			out, err := exec.Command("docker", append(args, "--filter", "label=squall.run="+run)...).Output()
			if err != nil {
				t.Fatalf("list %ss: %v", what, err)
			}
			for _, id := range strings.Fields(string(out)) {
				left = append(left, what+" "+id)
			}
		}
	}
	return left
}

// A run killed with -9 leaves nothing once squall has started again: ten runs an engine, killed at moments spread
// over launching, warming up, every phase and tearing down. Three of an engine go at once, and what cleans up after one of them meets what
// the others have left, or have running.
func TestKilledRunsAreReaped(t *testing.T) {
	if testing.Short() {
		t.Skip("runs twenty runs; not with -short")
	}
	scenario, err := filepath.Abs("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	for _, engine := range engines(t) {
		const runs, atOnce = 10, 3
		for first := range atOnce {
			t.Run(fmt.Sprint(engine, " ", first), func(t *testing.T) {
				t.Parallel()
				state := t.TempDir()
				for i := first; i < runs; i += atOnce {
					killAndClean(t, state, engine, scenario, time.Duration(i)*900*time.Millisecond)
				}
			})
		}
	}
}

// killAndClean kills a run some time after its first word, cleans up after it, and holds what is left to nothing.
func killAndClean(t *testing.T, state, engine, scenario string, after time.Duration) {
	t.Helper()
	s := start(t, state, "run", "--engine", engine, scenario)
	s.await("), run ")
	time.Sleep(after) // the moment is what is varied, nothing is waited for
	if err := s.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Logf("after %s: already over", after)
	}
	s.end()
	for again := 0; ; again++ {
		clean := start(t, state, "clean")
		if code := clean.end(); code != 0 {
			t.Errorf("after %s: clean: exit %d: %s", after, code, strings.Join(clean.seen, "\n"))
		}
		left := leftovers(t, s.run())
		switch {
		case len(left) == 0:
			return
		case engine == "docker" && again < 2: // what the engine was making as its client died may come after the first look
			t.Logf("after %s: made meanwhile: %v", after, left)
		default:
			t.Errorf("after %s: run %s left %v; clean said:\n%s", after, s.run(), left, clean.output.String())
			return
		}
	}
}

// Ctrl-C in each stage of a run: exit 130, nothing left, and a partial report once anything has been measured.
func TestInterruptedRunsCleanUp(t *testing.T) {
	if testing.Short() {
		t.Skip("runs ten runs; not with -short")
	}
	t.Parallel()
	scenario, err := filepath.Abs("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range engines(t) {
		for _, moment := range []struct {
			name, after string
			partial     bool
		}{
			{"launching", "), run ", false},
			{"steady", "steady", true},
			{"hurt", "hurt", true},
			{"recovery", "recovery", true},
		} {
			t.Run(engine+" "+moment.name, func(t *testing.T) {
				t.Parallel() // each looks for what is left of its own run
				s := start(t, t.TempDir(), "run", "--engine", engine, "--out", "out", scenario)
				s.await(moment.after)
				if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
				if code := s.end(); code != 130 {
					t.Errorf("exit %d, want 130; it said:\n%s\n%s", code, strings.Join(s.seen, "\n"), s.output.String())
				}
				if left := leftovers(t, s.run()); len(left) > 0 {
					t.Errorf("run %s left %v", s.run(), left)
				}
				if moment.partial {
					checkPartial(t, filepath.Join(s.dir, "out"))
				}
			})
		}
	}
}

func checkPartial(t *testing.T, dir string) {
	t.Helper()
	r, err := record.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Partial || r.Verdict != record.Inconclusive {
		t.Errorf("partial %v, verdict %s; want a partial, inconclusive result", r.Partial, r.Verdict)
	}
	if len(r.Phases) == 0 || len(r.Phases[0].Requests) == 0 || r.Phases[0].Requests[0].Sent+r.Phases[0].Requests[0].Interrupted == 0 {
		t.Errorf("nothing measured in the partial result: %+v", r.Phases)
	}
	for _, f := range r.Faults {
		if f.AppliedS != nil && f.UndoneS == nil {
			t.Errorf("fault %s was applied and never undone", f.Text)
		}
	}
	for _, file := range []string{"scenario.yaml", "results.gob", "windows.jsonl"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(fmt.Errorf("partial report lacks %s: %w", file, err))
		}
	}
}
