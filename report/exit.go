package report

import "github.com/squallhq/squall/runner/record"

// The exit codes of squall: a contract with whoever runs it in CI.
const (
	ExitPass         = 0   // every expectation held
	ExitFail         = 1   // an expectation did not hold
	ExitUsage        = 2   // the scenario or the command line is wrong
	ExitEnvironment  = 3   // the engine, a port, an image: the run could not be made
	ExitInconclusive = 4   // it can't be told
	ExitRegression   = 5   // worse than the baseline
	ExitInterrupted  = 130 // interrupted; everything undone, a partial report written
)

// ExitCode is a judged result's.
func ExitCode(r *record.Result) int {
	switch {
	case r.Partial:
		return ExitInterrupted
	case r.Verdict == record.Pass:
		return ExitPass
	case r.Verdict == record.Fail:
		return ExitFail
	}
	return ExitInconclusive
}

// ExitMeaning is one line that says what a code means.
func ExitMeaning(code int) string {
	switch code {
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
		return "a regression against the baseline"
	case ExitInterrupted:
		return "interrupted: everything undone, a partial report written"
	}
	return ""
}
