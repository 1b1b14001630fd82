package call

import (
	"fmt"
	"math"
	"testing"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// shardsOf is the replicas of each of n tenants, as bits.
func shardsOf(t testing.TB, s *scenarios.Shard, replicas, n int) []uint64 {
	g := executorOn(t, scenarios.Policy{Choice: scenarios.Choice{Shard: s}}, replicas)
	out := make([]uint64, n)
	for k := range out {
		for range 2 * replicas { // by turns, all of a shard come
			out[k] |= 1 << g.pick(host.Trace{Tenant: fmt.Sprint("t", k)}).n
		}
	}
	return out
}

func bits(x uint64) (n int) {
	for ; x > 0; x &= x - 1 {
		n++
	}
	return n
}

// choose is n over k.
func choose(n, k int) float64 {
	c := 1.0
	for i := range k {
		c *= float64(n-i) / float64(i+1)
	}
	return c
}

// A tenant that takes all of its own k of n replicas down takes those down whole that have the same: 1 in C(n, k). It leaves those
// as they are that share none: C(n-k, k)/C(n, k). With 8 replicas and shards of 2: 28 shards, 3.57 % and 53.6 %, over
// 20,000 tenants within four standard errors.
func TestShuffleShardsBlastRadius(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	const tenants = 20000
	for _, r := range []struct{ n, k int }{{8, 2}, {8, 4}, {5, 1}, {12, 3}} {
		all := shardsOf(t, &scenarios.Shard{Of: r.k}, r.n, tenants)
		whole, none, seen := 0, 0, map[uint64]bool{}
		for _, s := range all[1:] {
			if bits(s) != r.k {
				t.Fatalf("a tenant has %d of %d replicas, want %d", bits(s), r.n, r.k)
			}
			if s == all[0] {
				whole++
			}
			if s&all[0] == 0 {
				none++
			}
			seen[s] = true
		}
		shards := choose(r.n, r.k)
		if len(seen) != int(math.Round(shards)) {
			t.Errorf("%d of %d: %d different shards, want %g", r.k, r.n, len(seen), shards)
		}
		for what, p := range map[string][2]float64{
			"all of":  {float64(whole) / (tenants - 1), 1 / shards},
			"none of": {float64(none) / (tenants - 1), choose(r.n-r.k, r.k) / shards},
		} {
			if math.Abs(p[0]-p[1]) > 4*math.Sqrt(p[1]*(1-p[1])/tenants)+1e-9 {
				t.Errorf("%d of %d: %.2f %% share %s the first one's replicas, want %.2f %%", r.k, r.n, 100*p[0], what, 100*p[1])
			}
		}
	}
}

// Four cells of eight replicas: each has two of its own, and a quarter of the tenants.
func TestCellsDoNotOverlap(t *testing.T) {
	const tenants = 20000
	count := map[uint64]int{}
	for _, s := range shardsOf(t, &scenarios.Shard{Cells: 4}, 8, tenants) {
		count[s]++
	}
	var all uint64
	for s, n := range count {
		if bits(s) != 2 || all&s != 0 {
			t.Errorf("cells %b overlap, or are not of 2", count)
		}
		all |= s
		if math.Abs(float64(n)-tenants/4) > 4*math.Sqrt(tenants*0.25*0.75) {
			t.Errorf("a cell has %d of %d tenants, want a quarter", n, tenants)
		}
	}
	if len(count) != 4 {
		t.Errorf("%d cells, want 4", len(count))
	}
}

// One replica more takes tenants to itself and moves nobody between the others.
func TestShardsMoveLittle(t *testing.T) {
	before, after := shardsOf(t, &scenarios.Shard{Of: 2}, 8, 2000), shardsOf(t, &scenarios.Shard{Of: 2}, 9, 2000)
	moved := 0
	for k := range before {
		if before[k] != after[k] {
			moved++
			if gone := bits(before[k] &^ after[k]); gone != 1 || after[k]&(1<<8) == 0 {
				t.Fatalf("tenant %d went from %b to %b", k, before[k], after[k])
			}
		}
	}
	if share := float64(moved) / 2000; math.Abs(share-2.0/9) > 0.04 {
		t.Errorf("%.1f %% of tenants moved, want 2/9", 100*share)
	}
}
