package cdn

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// key is what a request's copies are kept under.
func (rule *cdnRule) key(r *http.Request) string {
	if rule.Key == nil || r.URL.RawQuery == "" {
		return r.Host + r.URL.RequestURI()
	}
	return r.Host + r.URL.EscapedPath() + "?" + rule.query(r.URL.RawQuery)
}

// query is a query without the parameters that make no difference, the others sorted by name. Values of one name keep
// their order, as that may mean something.
func (rule *cdnRule) query(raw string) string {
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		if part != "" && !rule.ignores(nameOf(part)) {
			kept = append(kept, part)
		}
	}
	slices.SortStableFunc(kept, func(a, b string) int { return strings.Compare(nameOf(a), nameOf(b)) })
	return strings.Join(kept, "&")
}

// nameOf is the name of one NAME=VALUE of a query; one that can't be read stands for itself.
func nameOf(part string) string {
	name, _, _ := strings.Cut(part, "=")
	if plain, err := url.QueryUnescape(name); err == nil {
		return plain
	}
	return name
}

func (rule *cdnRule) ignores(name string) bool {
	return slices.ContainsFunc(rule.Key.Ignore, func(pattern string) bool {
		start, rest := strings.CutSuffix(pattern, "*")
		return name == start || rest && strings.HasPrefix(name, start)
	})
}

// copyOf is the copy to keep of an answer, nil for none: of 200, and under a negative_ttl of 404 and 410. What failed is
// never kept, so that no error outlives its cause.
func (rule *cdnRule) copyOf(got fill, i *host.Instance, why host.Trace) *cachedCopy {
	one := &cachedCopy{status: got.status, header: got.header, body: got.body, stored: time.Now(), born: got.asked}
	if age, ok := wholeSeconds(got.header.Get("Age")); ok {
		one.born = one.born.Add(-age) // what it has spent in caches on the way
	}
	switch got.status {
	case http.StatusOK:
		one.ttl, one.revalidate, one.onError = rule.TTL, rule.StaleWhileRevalidate, rule.StaleIfError
	case http.StatusNotFound, http.StatusGone:
		one.ttl = rule.NegativeTTL
	default:
		return nil
	}
	if rule.CacheControl {
		applyCacheControl(one)
	}
	if rule.TTLJitter > 0 {
		one.ttl = jittered(one.ttl, rule.TTLJitter, i.Chance(why, "ttl"))
	}
	if one.ttl <= 0 && one.revalidate <= 0 && one.onError <= 0 {
		return nil
	}
	return one
}

// jittered is uniform within share of d around it.
func jittered(d time.Duration, share float64, r *rand.Rand) time.Duration {
	return time.Duration(float64(d) * (1 + share*(2*r.Float64()-1)))
}

// applyCacheControl lets the answer's own Cache-Control decide (RFC 9111 for a shared cache, 4.2.1 and 5.2.2; RFC 5861). What it does
// not say stays as the rule has it. Expires and heuristic freshness do not count: the rule is the contract.
func applyCacheControl(one *cachedCopy) {
	one.stored = one.born                                  // it was as old as it said when it came, and as old as the answer took (4.2.3)
	for _, name := range []string{"max-age", "s-maxage"} { // the second wins
		if d, ok := directive(one.header, name); ok {
			one.ttl = d
		}
	}
	if says(one.header, "s-maxage") { // it forbids stale answers (5.2.2.10), but for those that the answer itself allows
		one.revalidate, one.onError = 0, 0
	}
	if d, ok := directive(one.header, "stale-while-revalidate"); ok {
		one.revalidate = d
	}
	if d, ok := directive(one.header, "stale-if-error"); ok {
		one.onError = d
	}
	if says(one.header, "must-revalidate") || says(one.header, "proxy-revalidate") {
		one.revalidate, one.onError = 0, 0
	}
	if says(one.header, "no-cache") {
		one.ttl, one.revalidate, one.onError = 0, 0, 0
	}
}

// directive is a Cache-Control directive's seconds.
func directive(h http.Header, name string) (time.Duration, bool) {
	for _, line := range h.Values("Cache-Control") {
		for part := range strings.SplitSeq(line, ",") {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if strings.EqualFold(key, name) {
				return wholeSeconds(strings.Trim(value, `"`))
			}
		}
	}
	return 0, false
}

// wholeSeconds reads delta-seconds (RFC 9111, 1.2.2): what is too large counts as 2^31.
func wholeSeconds(text string) (time.Duration, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return time.Duration(min(n, 1<<31)) * time.Second, true
}
