package report_test

import (
	"fmt"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// The exit code is all that a release gate needs.
func ExampleExitCode() {
	for _, r := range []*record.Result{
		{Verdict: record.Pass},
		{Verdict: record.Fail},
		{Verdict: record.Inconclusive},
		{Verdict: record.Pass, Partial: true},
		{Verdict: record.Inconclusive, Partial: true, PartialWhy: "load: a header can't be sent"},
	} {
		code := report.ExitCode(r)
		fmt.Println(int(code), code.Meaning())
	}
	// Output:
	// 0 every expectation held
	// 1 an expectation did not hold
	// 4 inconclusive: it can't be told whether the expectations hold
	// 130 interrupted: everything undone, a partial report written
	// 3 the environment failed, the run could not be made
}
