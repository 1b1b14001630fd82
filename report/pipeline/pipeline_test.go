package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

func held(yes bool) *bool { return &yes }

// Data that is gone comes first, then what the most users felt, and at the end what could not be told.
func TestExpectationsWorstFirst(t *testing.T) {
	t.Parallel()
	r := &record.Result{Scenario: "shop", Variant: "bare", File: "shop.yaml",
		Phases: []record.Phase{
			{Name: "steady", Requests: []record.Request{{Load: "users", Request: "GET /a", Sent: 100, Failed: 5}}},
			{Name: "slow", Requests: []record.Request{{Load: "users", Request: "GET /a", Sent: 100, Failed: 90}}},
		},
		Expectations: []record.Expectation{
			{Text: "in: steady, p999 < 1s", In: "steady", Measured: "unknown", Why: "too few", Line: 1},
			{Text: "in: steady, p99 < 1s", In: "steady", Of: "GET /a", Measured: "p99 2 s", Holds: held(false), Line: 2, Column: 5},
			{Text: "in: slow, success >= 99%", In: "slow", Measured: "success 10%", Holds: held(false), Line: 3},
			{Text: "writes_lost: 0", Measured: "3 lost", Holds: held(false), Line: 4},
			{Text: "after: slow, recovered_within: 5s", Measured: "not by the end", Holds: held(false), Line: 5},
			{Text: "in: steady, ok >= 1%", In: "steady", Measured: "ok 95%", Holds: held(true), Line: 6},
		}}
	var lines []int
	for _, f := range Expectations(r, r) { // the second time is told once
		lines = append(lines, f.Line)
	}
	if got := fmt.Sprint(lines); got != "[4 5 3 2 1]" {
		t.Errorf("lines in the order %s", got)
	}
	if f := Expectations(r)[4]; f.Severity != Untold || !strings.Contains(f.Message, "too few") || f.Title != "shop / bare: can't be told" {
		t.Errorf("what can't be told is %+v", f)
	}
}

// What ends a line or a property in a workflow command does not end it in ours, and % is none of their escapes.
func TestGitHub(t *testing.T) {
	t.Parallel()
	findings := []Finding{{Title: "a: b, c", Message: "99% of\r\nx: 5, ::error::no%0A", File: "sub/a,b:c.yaml", Line: 7, Column: 3, Severity: Broken}}
	for range Most {
		findings = append(findings, Finding{Title: "more", Message: "m", Severity: Untold})
	}
	var b bytes.Buffer
	if err := GitHub(&b, "/repo", "/repo/in", findings); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	const want = "::error file=in/sub/a%2Cb%3Ac.yaml,line=7,col=3,title=a%3A b%2C c::99%25 of%0D%0Ax: 5, ::error::no%250A"
	if lines[0] != want {
		t.Errorf("got  %s\nwant %s", lines[0], want)
	}
	if len(lines) != Most+1 || lines[1] != "::warning title=more::m" || lines[Most] != "::notice title=squall::1 more, less bad: see the report" {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
}

func TestFilesAreNamedAsTheRepositoryDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ root, dir, file, want string }{
		{"/repo", "/repo", "a.yaml", "a.yaml"},
		{"/repo", "/repo/sub", "../a.yaml", "a.yaml"},
		{"/repo", "/elsewhere", "/repo/x/a.yaml", "x/a.yaml"},
		{"/repo", "/repo", "/other/a.yaml", "/other/a.yaml"},
		{"/repo", "/repo/sub", "../../a.yaml", "../../a.yaml"},
		{"", "/repo/sub", "a.yaml", "a.yaml"},
	} {
		if got := within(c.root, c.dir, c.file); got != c.want {
			t.Errorf("%s from %s in %s is %s, want %s", c.file, c.dir, c.root, got, c.want)
		}
	}
}

// The report holds what GitLab needs, keeps what other checks and files left in it, and takes away what has been mended. A
// fingerprint stays when lines move and figures change.
func TestGitLab(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), GitLabFile)
	keep := func(check string, looked []string, findings ...Finding) []issue {
		t.Helper()
		if err := GitLab(path, "", "", check, looked, findings); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var out []issue
		if err := json.Unmarshal(data, &out); err != nil || out == nil {
			t.Fatalf("%s: %v", data, err)
		}
		return out
	}
	broken := Finding{Check: Expectation, Title: "shop: did not hold", Message: "p99 < 1s: measured 2 s", About: "p99 < 1s", File: "a.yaml", Line: 3, Severity: Broken}
	first := keep(Expectation, []string{"a.yaml"}, broken)[0]
	if first.Description != "shop: did not hold: p99 < 1s: measured 2 s" || first.Severity != "critical" || first.Location.Lines.Begin != 3 || len(first.Fingerprint) != 32 {
		t.Errorf("%+v", first)
	}
	moved := broken
	moved.Line, moved.Message = 9, "p99 < 1s: measured 3 s"
	all := keep(Expectation, []string{"a.yaml"}, moved)
	if len(all) != 1 || all[0].Fingerprint != first.Fingerprint {
		t.Errorf("a second time: %+v", all)
	}
	if all := keep(Scenario, []string{"a.yaml"}, Finding{Check: Scenario, Title: "t", Message: "m", File: "a.yaml"}); len(all) != 2 || all[1].Location.Lines.Begin != 1 {
		t.Errorf("with another check's: %+v", all)
	}
	if all := keep(Expectation, []string{"b.yaml"}); len(all) != 2 {
		t.Errorf("after another file: %+v", all)
	}
	if all := keep(Expectation, []string{"a.yaml"}); len(all) != 1 || all[0].Check != "squall-scenario" {
		t.Errorf("mended: %+v", all)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := GitLab(path, "", "", Scenario, nil, nil); err == nil {
		t.Error("somebody else's file is overwritten")
	}
}
