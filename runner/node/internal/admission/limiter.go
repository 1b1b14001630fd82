package admission

import (
	"math"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var RateLimitedTotal = host.NewCounter("squall_rate_limited_total", "Requests refused (429) by the rate limit.")

// mostBuckets bounds a limiter's memory: when there are more clients, those whose bucket is full are forgotten.
const mostBuckets = 10000

// Limiter is a rate limit: one token bucket for all, or one for each client. A nil limiter lets everything pass.
// It is safe for concurrent use.
type Limiter struct {
	rate  rate.Limit
	burst int
	per   string

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func NewLimiter(l *scenarios.RateLimit) *Limiter {
	if l == nil {
		return nil
	}
	burst := l.Burst
	if burst <= 0 {
		burst = max(int(l.Rate), 1) // the rate of one second
	}
	return &Limiter{rate: rate.Limit(l.Rate), burst: burst, per: l.Per, buckets: make(map[string]*rate.Limiter)}
}

// Allow takes a token for a request with these headers; without one it says when the next is due.
func (l *Limiter) Allow(h http.Header) (wait time.Duration, ok bool) {
	if l == nil {
		return 0, true
	}
	now := time.Now()
	bucket := l.bucket(l.client(h), now)
	if bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - bucket.TokensAt(now)
	return time.Duration(missing / float64(l.rate) * float64(time.Second)), false
}

// client is the API key, or the load where there is none.
func (l *Limiter) client(h http.Header) string {
	switch {
	case l.per == "tenant":
		return "tenant " + host.TenantOf(h)
	case l.per != "client":
		return ""
	case h.Get(wire.HeaderKey) != "":
		return "key " + h.Get(wire.HeaderKey)
	default:
		return "load " + h.Get(wire.HeaderLoad)
	}
}

func (l *Limiter) bucket(client string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.buckets[client]
	if bucket == nil {
		if len(l.buckets) >= mostBuckets {
			for name, b := range l.buckets {
				if b.TokensAt(now) >= float64(l.burst) {
					delete(l.buckets, name) // a full bucket is as good as a new one
				}
			}
		}
		bucket = rate.NewLimiter(l.rate, l.burst)
		l.buckets[client] = bucket
	}
	return bucket
}

// RefuseFor answers 429, and says in whole seconds when another attempt is worth while.
func RefuseFor(i *host.Instance, w http.ResponseWriter, wait time.Duration, why string) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	i.Refuse(w, http.StatusTooManyRequests, why)
}

// keptLimiter is what an instance retains of a limiter.
type keptLimiter struct {
	Limiter *Limiter
	rule    scenarios.RateLimit
}

// LimiterOf is the node's, the one that there is where it stays as it was.
func LimiterOf(i *host.Instance, l *scenarios.RateLimit) *Limiter {
	kept := host.Retain(i, func() *keptLimiter { return &keptLimiter{} })
	if l == nil {
		kept.Limiter = nil
	} else if kept.Limiter == nil || !reflect.DeepEqual(kept.rule, *l) {
		kept.Limiter, kept.rule = NewLimiter(l), *l
	}
	return kept.Limiter
}
