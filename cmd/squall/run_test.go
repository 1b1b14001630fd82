package main

import (
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// A scenario is edited while it runs: the run is of what was read at its start, its record is kept, and what is
// written as run, with the seed of the command line, lays out the same plan again.
func TestAScenarioEditedWhileItRuns(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "edited.yaml")
	write := func(text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(source)
	before, err := plan(t.Context(), file, "", 7)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, t.TempDir(), "run", file, "--engine", "process", "--seed", "7", "--out", "out")
	s.await("phase steady")
	write([]byte("scenario: ["))
	if code := s.end(); code == report.ExitUsage || code == report.ExitEnvironment {
		t.Errorf("exit %d after an edit in mid-run", code)
	}
	out := filepath.Join(s.dir, "out")
	if r, err := record.Read(out); err != nil || r.Seed != 7 {
		t.Fatalf("the record is %+v, %v", r, err)
	}
	after, err := plan(t.Context(), filepath.Join(out, "scenario.yaml"), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	after.Scenario.Seed = before.Scenario.Seed
	if after.Seed != 7 || !after.Scenario.Equal(before.Scenario) {
		t.Errorf("what is written as run has seed %d, or is another scenario", after.Seed)
	}
}

// timeout(1) signals a program and then its process group, the program a second time: that is one wish to end, and
// not the second Ctrl-C that ends at once and leaves everything lying about.
func TestASignalThatComesTwiceAtOnceStillCleansUp(t *testing.T) {
	t.Parallel()
	cleansUpAfter(t, syscall.SIGTERM, syscall.SIGINT) // of one kind, one might be lost
}

// A closed terminal is an interrupt too, unless whoever started the program wants it to outlive that, as nohup does.
func TestAClosedTerminalCleansUp(t *testing.T) {
	t.Parallel()
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("the tests were started with SIGHUP ignored, as by nohup, and the program inherits that")
	}
	cleansUpAfter(t, syscall.SIGHUP)
}

func cleansUpAfter(t *testing.T, signals ...os.Signal) {
	t.Helper()
	scenario, err := filepath.Abs("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, t.TempDir(), "run", scenario, "--engine", "process", "--out", "out")
	s.await("phase steady")
	for _, sig := range signals {
		if err := s.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	if code := s.end(); code != report.ExitInterrupted {
		t.Errorf("exit %d, want %d; it said:\n%s", code, report.ExitInterrupted, strings.Join(s.seen, "\n"))
	}
	if left := leftovers(t, s.run()); len(left) > 0 {
		t.Errorf("run %s left %v", s.run(), left)
	}
	checkPartial(t, filepath.Join(s.dir, "out"))
}

// Ctrl-C while the container engine is being asked whether it is there: an interrupt, not a failing environment.
func TestInterruptedBeforeTheEngineAnswers(t *testing.T) {
	scenario, err := filepath.Abs("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	t.Setenv("DOCKER_HOST", "tcp://"+silent.Addr().String())
	s := start(t, t.TempDir(), "run", scenario, "--engine", "docker")
	c, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := s.end(); code != report.ExitInterrupted {
		t.Errorf("exit %d, want %d; it said:\n%s", code, report.ExitInterrupted, strings.Join(s.seen, "\n"))
	}
}
