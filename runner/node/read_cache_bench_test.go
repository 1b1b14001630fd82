package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// BenchmarkReadCache is what a read pays for its cache: off is a read that costs nothing and has none.
func BenchmarkReadCache(b *testing.B) {
	read := func(context.Context) *failure { return nil }
	fails := func(context.Context) *failure { return &failure{class: failed, err: errors.New("it fails")} }
	chance := func() float64 { return 1 } // nobody volunteers
	b.Run("off", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			read(b.Context())
		}
	})
	for _, r := range []struct {
		name string
		how  scenarios.ReadCache
		kept bool
		read func(context.Context) *failure // once there is a copy
	}{
		{"hit", scenarios.ReadCache{TTL: time.Hour}, true, fails},
		{"hit_xfetch", scenarios.ReadCache{TTL: time.Hour, Early: "xfetch"}, true, fails},
		{"hit_stale_if_error", scenarios.ReadCache{TTL: time.Hour, StaleIfError: time.Hour}, true, fails},
		{"hit_last_good", scenarios.ReadCache{TTL: time.Hour, LastGood: true}, true, fails},
		{"miss", scenarios.ReadCache{TTL: time.Hour}, false, read},
		{"miss_coalesced", scenarios.ReadCache{TTL: time.Hour, Coalesce: true}, false, read},
		{"stale_if_error", scenarios.ReadCache{TTL: 1, StaleIfError: time.Hour}, true, fails},
		{"last_good", scenarios.ReadCache{TTL: 1, LastGood: true}, true, read},
	} {
		b.Run(r.name, func(b *testing.B) {
			i := newInstance(Config{Seed: 1, Instance: "s-1", Node: scenarios.Node{Name: "s"}}, Environment{})
			i.answering.enter()
			c := newReadCache(r.how, i.metrics, i.answering.start)
			c.aside = i.aside
			c.get(b.Context(), "k", chance, read)
			b.ReportAllocs()
			for b.Loop() {
				if !r.kept {
					c.drop("k")
				}
				if f := c.get(b.Context(), "k", chance, r.read); f != nil && f.class != partial {
					b.Fatal(f)
				}
			}
			b.StopTimer()
			i.answering.leave()
			i.answering.wait()
		})
	}
}
