package call

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// again tells whether a failure is tried again, and how long its callee wants to be left alone before: what Retry-After says of
// a status that the policy names. Where the caller's time is up before then, another attempt would only be late.
func (r *retry) again(ctx context.Context, f *Failure) (again bool, after time.Duration) {
	if !f.Retryable && !slices.Contains(r.rule.On, f.answered) || f.nonReplayable {
		return false, 0
	}
	after = RetryAfter(r.rule, f)
	if by, bounded := ctx.Deadline(); bounded && after > 0 && time.Until(by) <= after {
		return false, 0
	}
	return true, after
}

// RetryAfter is how long a callee wants to be left alone, at most a rule's longest backoff; 0 where the rule does not name the status.
func RetryAfter(rule *scenarios.Retry, f *Failure) time.Duration {
	if !slices.Contains(rule.On, f.answered) {
		return 0
	}
	return min(retryAfter(f.header, time.Now()), longestBackoff(rule))
}

// retryAfter is how long from now Retry-After (RFC 9110, 10.2.3) asks to wait, in seconds or by a date; 0 where it does not, or
// says neither.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text != "" && strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > math.MaxInt64/int64(time.Second) {
			return math.MaxInt64 // more than anybody waits
		}
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
