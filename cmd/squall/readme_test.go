package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/squallbin"
)

// The README's report is what the quickstart ends with in virtual time, to the last figure, but for the name of the run.
func TestTheReadmesReport(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "on every machine it ends with this:\n\n")
	shown, _, ended := strings.Cut(rest, "\n\nThe same shop without its protections")
	if !found || !ended {
		t.Fatal("the README shows no report where this test looks for it")
	}
	example, err := os.ReadFile("../../examples/quickstart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/quickstart.yaml", example, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(squallbin.Path(t), "run", "quickstart.yaml", "--engine", "virtual")
	run.Dir, run.Env = dir, append(os.Environ(), "SQUALL_STATE="+t.TempDir(), "COLUMNS=")
	out, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`\d{8}-\d{6}-[0-9a-f]{4}`)
	var want, got []string
	for line := range strings.Lines(name.ReplaceAllString(shown, "NAME")) {
		want = append(want, strings.TrimRight(strings.TrimPrefix(line, "    "), " \n"))
	}
	for line := range strings.Lines(strings.Trim(name.ReplaceAllString(string(out), "NAME"), "\n")) {
		got = append(got, strings.TrimRight(line, " \n"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the README's report (-) is not what the run says (+); take it from squall run examples/quickstart.yaml --engine virtual:\n%s", diff)
	}
}
