package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/squallhq/squall/report/terminal"
	"github.com/squallhq/squall/runner/record"
)

func ended(scenario string, v record.Verdict) *record.Result {
	return &record.Result{Scenario: scenario, Verdict: v, Reasons: []string{"because", "and"}, Seed: 7}
}

func TestVerdictOfSeveralRuns(t *testing.T) {
	t.Parallel()
	p, f, i := ended("s", record.Pass), ended("s", record.Fail), ended("s", record.Inconclusive)
	lost := ended("s", record.Fail)
	lost.Writes.Lost, lost.Expectations = 3, []record.Expectation{{Text: "writes_lost: 0", Holds: ref(false)}}
	cut := ended("s", record.Inconclusive)
	cut.Partial = true
	failed := ended("s", record.Inconclusive)
	failed.Partial, failed.PartialWhy = true, "load: no space left on device"
	bare := func(v record.Verdict) *record.Result { r := ended("s", v); r.ShouldFail = true; return r }
	tripped, should := ended("s", record.Fail), bare(record.Fail)
	aborted(tripped)
	aborted(should)
	for _, c := range []struct {
		name string
		runs []*record.Result
		exit Exit
		why  string
	}{
		{"all pass", []*record.Result{p, p, p}, ExitPass, "all of 3 runs passed"},
		{"none passes", []*record.Result{f, i, f}, ExitFail, "2 of 3 runs failed, none passed"},
		{"they disagree", []*record.Result{p, f, p}, ExitInconclusive, "can't be told: of 3 runs 2 passed, 1 failed, 0 were inconclusive"},
		{"one shows nothing", []*record.Result{p, i}, ExitInconclusive, "can't be told: of 2 runs 1 passed, 0 failed, 1 were inconclusive"},
		{"none shows anything", []*record.Result{i, i}, ExitInconclusive, "can't be told"},
		{"writes lost once", []*record.Result{p, lost, p}, ExitFail, "3 acknowledged writes were lost with seed 7"},
		{"one alone", []*record.Result{f}, ExitFail, "because; and 1 more"},
		{"cut", []*record.Result{p, cut}, ExitInterrupted, "the run was interrupted"},
		{"its load failed", []*record.Result{p, failed}, ExitEnvironment, "the run was cut short: load: no space left on device"},
		{"fails as it should", []*record.Result{bare(record.Fail)}, ExitPass, "fails, as it should: because; and 1 more"},
		{"ended by its abort_when", []*record.Result{tripped}, ExitFail, "because; and 1 more"},
		{"ended so, as it should fail", []*record.Result{should}, ExitPass, "fails, as it should: because; and 1 more"},
		{"passes and should fail", []*record.Result{bare(record.Pass), bare(record.Pass)}, ExitFail, "passes, and should fail (expect: fail)"},
		{"should fail, untold", []*record.Result{bare(record.Pass), bare(record.Fail)}, ExitInconclusive, "can't be told"},
	} {
		if exit, why := (Group{Runs: c.runs}).Exit(); exit != c.exit || !strings.HasPrefix(why, c.why) {
			t.Errorf("%s: exit %d, %q; want %d, %q", c.name, exit, why, c.exit, c.why)
		}
	}
}

func TestSummaryIsWorstFirst(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	var groups []Group
	for _, v := range []record.Verdict{record.Pass, record.Inconclusive, record.Fail} {
		groups = append(groups, Group{Runs: []*record.Result{ended(string(v), v)}, Folders: []string{"runs/" + string(v)}})
	}
	if err := Summary(&b, groups, terminal.View{}); err != nil {
		t.Fatal(err)
	}
	const want = `
 Summary 1 of 3 as expected, 1 not, 1 can't be told
 ✗ fail  because; and 1 more
   fail, seed 7, 0.0 s: runs/fail
 ? inconclusive  because; and 1 more
   inconclusive, seed 7, 0.0 s: runs/inconclusive
 ✓ pass  because; and 1 more

`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// A variant that fails as it should is well in JUnit, and one that passes is not.
func TestJUnitOfVariantsThatShouldFail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		verdict record.Verdict
		holds   bool
		counts  string
	}{{record.Fail, false, `tests="3" failures="0" errors="0"`}, {record.Pass, true, `tests="3" failures="1" errors="0"`}} {
		r := healthy()
		r.Verdict, r.ShouldFail, r.Expectations = c.verdict, true, []record.Expectation{{Text: "x", Measured: "y", Holds: &c.holds}}
		var b bytes.Buffer
		if err := JUnit(&b, r); err != nil {
			t.Fatal(err)
		}
		validJUnit(t, b.Bytes())
		if !strings.Contains(b.String(), c.counts) {
			t.Errorf("%s: not %s in\n%s", c.verdict, c.counts, b.String())
		}
	}
}
