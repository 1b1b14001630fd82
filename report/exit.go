package report

import (
	"strings"

	"github.com/squallhq/squall/runner/record"
)

// Exit is an exit code of squall: a contract with whoever runs it in CI.
type Exit int

// The exit codes.
const (
	ExitPass         Exit = 0
	ExitFail         Exit = 1
	ExitUsage        Exit = 2
	ExitEnvironment  Exit = 3 // the engine, a port, an image
	ExitInconclusive Exit = 4
	ExitRegression   Exit = 5
	ExitInterrupted  Exit = 130 // as a shell says of a program that SIGINT ended
)

// Exits are all codes, in ascending order.
var Exits = []Exit{ExitPass, ExitFail, ExitUsage, ExitEnvironment, ExitInconclusive, ExitRegression, ExitInterrupted}

// ExitCode is a judged result's.
func ExitCode(r *record.Result) Exit {
	switch {
	case r.Partial && strings.HasPrefix(r.PartialWhy, "load: "): // nobody interrupted it: its own load failed
		return ExitEnvironment
	case r.Partial && r.Aborted() != nil:
		return ExitFail
	case r.Partial:
		return ExitInterrupted
	case r.Verdict == record.Pass:
		return ExitPass
	case r.Verdict == record.Fail:
		return ExitFail
	}
	return ExitInconclusive
}

// Meaning is one line that says what a code means, "" for a code that squall does not have.
func (e Exit) Meaning() string {
	switch e {
	case ExitPass:
		return "every expectation held"
	case ExitFail:
		return "an expectation did not hold"
	case ExitUsage:
		return "the scenario or the command line is wrong"
	case ExitEnvironment:
		return "the environment failed, the run could not be made"
	case ExitInconclusive:
		return "inconclusive: it can't be told whether the expectations hold"
	case ExitRegression:
		return "a regression: something is worse than the baseline, beyond chance"
	case ExitInterrupted:
		return "interrupted: everything undone, a partial report written"
	}
	return ""
}
