package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/squallhq/squall/report/terminal"
	"github.com/squallhq/squall/runner/record"
)

// Group is one scenario and variant, run once or several times with seeds of their own.
type Group struct {
	Runs []*record.Result
	// Folders of the runs, in their order.
	Folders []string
}

// Verdict is that of all its runs. They pass where every one passed. They fail where acknowledged writes were lost in one, whatever the others
// did, and where every one failed that showed anything. Otherwise it can't be told: the runs disagree, or some show nothing.
func (g Group) Verdict() (record.Verdict, string) {
	var n [3]int64
	for _, r := range g.Runs {
		switch {
		case r.Verdict == record.Pass:
			n[0]++
		case r.Verdict == record.Fail:
			n[1]++
			if lost := r.Writes.Lost; lost > 0 && len(g.Runs) > 1 && lostMore(r) {
				return record.Fail, fmt.Sprintf("%s acknowledged writes were lost with seed %d", count(lost), r.Seed)
			}
		default:
			n[2]++
		}
	}
	switch of := int64(len(g.Runs)); {
	case of == 0:
		return record.Inconclusive, "it was not run"
	case of == 1:
		return g.Runs[0].Verdict, firstOf(g.Runs[0].Reasons)
	case n[0] == of:
		return record.Pass, fmt.Sprintf("all of %d runs passed", of)
	case n[1] > 0 && n[0] == 0:
		return record.Fail, fmt.Sprintf("%d of %d runs failed, none passed", n[1], of)
	default:
		return record.Inconclusive, fmt.Sprintf("can't be told: of %d runs %d passed, %d failed, %d were inconclusive", of, n[0], n[1], n[2])
	}
}

// firstOf is the worst reason, and how many there are besides.
func firstOf(reasons []string) string {
	switch len(reasons) {
	case 0:
		return ""
	case 1:
		return reasons[0]
	}
	return fmt.Sprintf("%s; and %d more", reasons[0], len(reasons)-1)
}

// lostMore tells whether an expectation about data did not hold.
func lostMore(r *record.Result) bool {
	return slices.ContainsFunc(r.Expectations, func(e record.Expectation) bool {
		return strings.HasPrefix(e.Text, "writes_lost") && e.Broken()
	})
}

// Exit is the group's exit code, and why. A variant that should fail has done what it is there for where it fails, and not where it passes.
func (g Group) Exit() (Exit, string) {
	for _, r := range g.Runs {
		if r.Partial && r.Aborted() == nil { // else its own abort_when has ended it, and it has its verdict
			return ExitCode(r), cutShort(r.PartialWhy)
		}
	}
	verdict, why := g.Verdict()
	should := len(g.Runs) > 0 && g.Runs[0].ShouldFail
	switch {
	case verdict == record.Fail && should:
		return ExitPass, "fails, as it should: " + why
	case verdict == record.Pass && should:
		return ExitFail, "passes, and should fail (expect: fail)"
	case verdict == record.Pass:
		return ExitPass, why
	case verdict == record.Fail:
		return ExitFail, why
	}
	return ExitInconclusive, why
}

// worst orders exit codes for people: what did not hold, then what could not be told, what was cut short, and what is well.
var worst = map[Exit]int{ExitFail: 0, ExitInconclusive: 1, ExitEnvironment: 2, ExitInterrupted: 2, ExitPass: 3}

// Summary writes a line a group, worst first.
func Summary(w io.Writer, groups []Group, v terminal.View) error {
	groups = slices.Clone(groups)
	slices.SortStableFunc(groups, func(a, b Group) int {
		x, _ := a.Exit()
		y, _ := b.Exit()
		return cmp.Compare(worst[x], worst[y])
	})
	lines := make([]terminal.Line, len(groups))
	for i, g := range groups {
		exit, why := g.Exit()
		lines[i] = terminal.Line{Standing: standings[exit], Why: why, Runs: g.Runs, Folders: g.Folders}
	}
	return terminal.Summary(w, lines, v)
}

// standings are what a group's exit code says of it in a summary.
var standings = map[Exit]terminal.Standing{
	ExitPass: terminal.AsExpected, ExitFail: terminal.NotAsExpected, ExitInconclusive: terminal.Untold, ExitInterrupted: terminal.CutShort,
	ExitEnvironment: terminal.CutShort,
}
