package call

import (
	"context"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/scenarios"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                               0,
		"0":                              0,
		"3":                              3 * time.Second,
		" 120 ":                          2 * time.Minute,
		"-1":                             0,
		"1.5":                            0,
		"1s":                             0,
		"soon":                           0,
		"9223372036854775808":            math.MaxInt64,
		"9223372036854775807":            math.MaxInt64,
		"Sun, 29 Nov 2026 12:00:07 GMT":  7 * time.Second, // IMF-fixdate
		"Sunday, 29-Nov-26 12:00:07 GMT": 7 * time.Second, // RFC 850
		"Sun Nov 29 12:00:07 2026":       7 * time.Second, // asctime
		"Sun, 29 Nov 2026 11:59:00 GMT":  0,               // over
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// What is tried again, and how long after: a status that the policy names waits as its callee asks, within most and the
// caller's time; others follow the backoff alone.
func TestRetryOnWhatThePolicyNames(t *testing.T) {
	answer := func(status int, after string) *Failure {
		return FailureStatus("s-1", status, http.Header{"Retry-After": {after}})
	}
	for _, r := range []struct {
		name  string
		rule  scenarios.Retry
		f     *Failure
		left  time.Duration // of the caller's time; 0: unbounded
		again bool
		after time.Duration
	}{
		{"429 unnamed", scenarios.Retry{}, answer(429, "1"), 0, false, 0},
		{"429 named", scenarios.Retry{On: []int{429}}, answer(429, "1"), 0, true, time.Second},
		{"429 named, nothing said", scenarios.Retry{On: []int{429}}, answer(429, ""), 0, true, 0},
		{"longer than most", scenarios.Retry{On: []int{429}, Most: 300 * time.Millisecond}, answer(429, "60"), 0, true, 300 * time.Millisecond},
		{"longer than is left", scenarios.Retry{On: []int{429}}, answer(429, "1"), 900 * time.Millisecond, false, 0},
		{"within what is left", scenarios.Retry{On: []int{429}}, answer(429, "1"), 1100 * time.Millisecond, true, time.Second},
		{"503 unnamed", scenarios.Retry{On: []int{429}}, answer(503, "1"), 0, true, 0},
		{"503 named", scenarios.Retry{On: []int{503}}, answer(503, "1"), 0, true, time.Second},
		{"404 unnamed", scenarios.Retry{On: []int{429}}, answer(404, ""), 0, false, 0},
		{"404 named", scenarios.Retry{On: []int{404}}, answer(404, ""), 0, true, 0},
		{"not to be sent again", scenarios.Retry{On: []int{429}}, &Failure{answered: 429, nonReplayable: true}, 0, false, 0},
		{"no connection", scenarios.Retry{On: []int{429}}, &Failure{Retryable: true}, 0, true, 0},
	} {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				if r.left > 0 {
					bounded, cancel := context.WithTimeout(ctx, r.left)
					defer cancel()
					ctx = bounded
				}
				if again, after := (&retry{rule: &r.rule}).again(ctx, r.f); again != r.again || after != r.after {
					t.Errorf("again %v after %s, want %v after %s", again, after, r.again, r.after)
				}
			})
		})
	}
}
