package admission

import (
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// BenchmarkLimiter is what a request pays to pass a rate limit.
func BenchmarkLimiter(b *testing.B) {
	for _, r := range []struct {
		name string
		how  *scenarios.RateLimit
	}{
		{"off", nil},
		{"for_all", &scenarios.RateLimit{Rate: 1e9}},
		{"by_client", &scenarios.RateLimit{Rate: 1e9, Per: "client"}},
	} {
		b.Run(r.name, func(b *testing.B) {
			l, h := NewLimiter(r.how), http.Header{wire.HeaderKey: {"k1"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := l.Allow(h); !ok {
					b.Fatal("refused")
				}
			}
		})
	}
}

// BenchmarkLine is one place in a line of a hundred, and its turn: off is first come, first served.
func BenchmarkLine(b *testing.B) {
	for _, r := range []struct {
		name  string
		limit int
		how   scenarios.QueueDiscipline
	}{
		{"off", 0, scenarios.QueueDiscipline{}},
		{"bounded", 1000, scenarios.QueueDiscipline{}},
		{"lifo", 0, scenarios.QueueDiscipline{Discipline: "lifo"}},
		{"deadline", 0, scenarios.QueueDiscipline{Discipline: "deadline", MaxWait: time.Hour}},
		{"codel", 0, scenarios.QueueDiscipline{Discipline: "codel", MaxWait: time.Hour, TargetWait: time.Hour}},
	} {
		b.Run(r.name, func(b *testing.B) {
			l, now := newQueue(atMost(r.limit), r.how), time.Now()
			for range 100 {
				l.join(&waiter{since: now})
			}
			b.ReportAllocs()
			for b.Loop() {
				l.join(&waiter{since: now})
				l.next(now)
			}
		})
	}
}
