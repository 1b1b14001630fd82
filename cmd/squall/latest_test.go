package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/report"
)

// runs/latest leads to the run that was saved last, and is what `squall report` shows. A run whose folder was
// named leaves it alone, and what a user has put there stays.
func TestLatestLeadsToTheRunSavedLast(t *testing.T) {
	scenario, err := filepath.Abs("testdata/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	state := t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	if code := execute([]string{"report"}); code != report.ExitUsage {
		t.Errorf("a report of no run: exit %d, want %d", code, report.ExitUsage)
	}
	run := func(args ...string) {
		t.Helper()
		s := startIn(t, ".", state, args...)
		if code := s.end(); code != report.ExitPass && code != report.ExitInconclusive {
			t.Fatalf("squall %q: exit %d:\n%s", args, code, strings.Join(s.seen, "\n"))
		}
	}
	var linked []string
	for range 2 {
		run("run", scenario, "--engine", "virtual")
		target, err := os.Readlink(latest)
		if err != nil {
			t.Fatal(err)
		}
		linked = append(linked, target)
	}
	if linked[0] == linked[1] {
		t.Errorf("after another run it still leads to %s", linked[0])
	}
	run("run", scenario, "--engine", "virtual", "--out", "named")
	if target, err := os.Readlink(latest); err != nil || target != linked[1] {
		t.Errorf("after a run in a named folder it leads to %q, %v; want %q", target, err, linked[1])
	}
	shown, named := startIn(t, ".", state, "report"), startIn(t, ".", state, "report", filepath.Join("runs", linked[1]))
	if code, other := shown.end(), named.end(); code != 0 || other != 0 {
		t.Errorf("reports: exits %d and %d", code, other)
	}
	if d := cmp.Diff(named.output.String(), shown.output.String()); d != "" || shown.output.Len() == 0 {
		t.Errorf("the report of the latest run is another (-want +got):\n%s", d)
	}
	if err := os.Remove(latest); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(latest, 0o755); err != nil {
		t.Fatal(err)
	}
	run("run", scenario, "--engine", "virtual")
	if info, err := os.Lstat(latest); err != nil || !info.IsDir() {
		t.Errorf("a user's folder called latest is %v, %v", info, err)
	}
	if entries, err := filepath.Glob("runs/latest-*"); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
