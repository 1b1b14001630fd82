package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// A run that is kept has its record on disk, judged, before anybody waits; Ctrl-C then ends it with the
// verdict's exit code, the report printed once and nothing left.
func TestAKeptRunIsSavedBeforeItIsHeld(t *testing.T) {
	scenario, err := filepath.Abs("testdata/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, t.TempDir(), "run", scenario, "--engine", "process", "--keep", "--out", "out")
	s.await("stays up until Ctrl-C")
	out := filepath.Join(s.dir, "out")
	held, err := record.Read(out)
	if err != nil {
		t.Fatalf("while the topology is held: %v", err)
	}
	if held.Partial || len(held.Expectations) != 1 || held.Command == "" {
		t.Errorf("while held the record is partial: %v, with expectations %+v and command %q", held.Partial, held.Expectations, held.Command)
	}
	if len(leftovers(t, s.run())) == 0 {
		t.Error("the topology does not stay up")
	}
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	code := s.end()
	if want := report.ExitCode(held); code != want || code == report.ExitInterrupted {
		t.Errorf("exit %d, want %d, that of verdict %s; it said:\n%s", code, want, held.Verdict, strings.Join(s.seen, "\n"))
	}
	after, err := record.Read(out)
	if err != nil || after.Verdict != held.Verdict {
		t.Errorf("after the end: %+v, %v; want the verdict %s", after, err, held.Verdict)
	}
	if n := strings.Count(s.output.String(), code.Meaning()); n != 1 {
		t.Errorf("the report was printed %d times:\n%s", n, s.output.String())
	}
	if left := leftovers(t, s.run()); len(left) > 0 {
		t.Errorf("run %s left %v", s.run(), left)
	}
}
