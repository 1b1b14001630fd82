package call

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/squallhq/squall/internal/chance"
)

// mostShards bounds what is remembered of shuffle shards: when there are more tenants, all are worked out anew.
const mostShards = 10000

// shards are which replicas of a callee each tenant may use. Which they are depends on the names of callee and tenant alone,
// so that every caller knows the same. They are safe for concurrent use.
type shards struct {
	to   *Callee
	size int

	mu    sync.Mutex
	known map[string]*shard
	cells []*shard // in place of known, where shards don't overlap
}

// shard is some replicas of a callee, in turn.
type shard struct {
	replicas []*Replica
	next     atomic.Uint64
}

// newShards is nil for no shards.
func newShards(m *making) policy {
	s, to := m.Shard, m.e.To
	if s == nil {
		return nil
	}
	out := &shards{to: to, size: min(max(s.Of, 1), len(to.Replicas))}
	if s.Cells > 0 {
		cells := min(s.Cells, len(to.Replicas))
		out.cells = make([]*shard, cells)
		for n := range cells { // the first replicas, the next ones, and so on
			from, until := n*len(to.Replicas)/cells, (n+1)*len(to.Replicas)/cells
			out.cells[n] = &shard{replicas: to.Replicas[from:until]}
		}
	} else {
		out.known = make(map[string]*shard)
	}
	return out
}

// narrow begins with the shard of whose request it is.
func (s *shards) narrow(c *choice) *Replica {
	mine := s.of(c.Trace.Tenant)
	c.begin(mine.replicas, &mine.next)
	return nil
}

// of is a tenant's shard.
func (s *shards) of(tenant string) *shard {
	if s.cells != nil {
		return s.cells[chance.Fold(chance.Fold(0, s.to.Node), tenant)%uint64(len(s.cells))]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.known[tenant]
	if mine == nil {
		if len(s.known) >= mostShards {
			clear(s.known)
		}
		mine = &shard{replicas: s.drawn(tenant)}
		s.known[tenant] = mine
	}
	return mine
}

// drawn are the replicas that weigh most for a tenant (rendezvous hashing): each combination is as likely as any other, and a
// replica more or less moves only those tenants that have it.
func (s *shards) drawn(tenant string) []*Replica {
	h := chance.Fold(chance.Fold(0, s.to.Node), tenant)
	weight := func(r *Replica) uint64 { return chance.Scramble(h ^ chance.Scramble(uint64(r.n))) }
	all := slices.Clone(s.to.Replicas)
	slices.SortFunc(all, func(a, b *Replica) int {
		if weight(a) > weight(b) {
			return -1
		}
		return 1
	})
	mine := all[:s.size:s.size]
	slices.SortFunc(mine, func(a, b *Replica) int { return a.n - b.n })
	return mine
}
