package service

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// BenchmarkReadCache is what a read pays for its cache: off is a read that costs nothing and has none.
func BenchmarkReadCache(b *testing.B) {
	read := func(context.Context) *call.Failure { return nil }
	fails := func(context.Context) *call.Failure {
		return &call.Failure{Class: call.Failed, Err: errors.New("it fails")}
	}
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
		read func(context.Context) *call.Failure // once there is a copy
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
			i := host.NewInstance(host.Config{Seed: 1, Instance: "s-1", Node: scenarios.Node{Name: "s"}}, host.Environment{})
			i.Answering.Enter()
			c := newReadCache(r.how, i.Metrics, i.Answering.Go)
			c.aside = i.Aside
			c.get(b.Context(), "k", chance, read)
			b.ReportAllocs()
			for b.Loop() {
				if !r.kept {
					c.drop("k")
				}
				if f := c.get(b.Context(), "k", chance, r.read); f != nil && f.Class != call.Partial {
					b.Fatal(f)
				}
			}
			b.StopTimer()
			i.Answering.Leave()
			i.Answering.Wait()
		})
	}
}
