package host

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/wire"
)

var lookupFaultsTotal = NewCounter("squall_lookup_faults_total", "Lookups of callees' names that a fault has answered.")

// Lookups are how the instance was told to look up its callees, if at all. The zero value finds them all.
type Lookups struct {
	// told has those of the instances that are not found as ever.
	told atomic.Pointer[map[string]faults.NameLookup]
}

// Tell takes effect with the next connection, by callee instance.
func (l *Lookups) Tell(to map[string]faults.NameLookup) { l.told.Store(&to) }

// resolving is a network that looks callees up before it dials them.
type resolving struct {
	wire.Network
	lookups *Lookups
	metrics *Metrics
	// of are the callees, by the addresses of their edges.
	of map[string]callee
}

type callee struct{ node, instance string }

func newResolving(n wire.Network, l *Lookups, m *Metrics, upstreams map[string][]Upstream) resolving {
	r := resolving{n, l, m, map[string]callee{}}
	for node, all := range upstreams {
		for _, u := range all {
			r.of[u.Address] = callee{node, u.Instance}
		}
	}
	return r
}

func (r resolving) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if told := r.lookups.told.Load(); told != nil {
		to := r.of[address]
		if l, is := (*told)[to.instance]; is {
			lookupFaultsTotal.In(r.metrics).Add(1)
			if err := wire.LookUp(ctx, to.node, string(l.Answer), l.Delay); err != nil {
				return nil, err
			}
		}
	}
	return r.Network.DialContext(ctx, network, address)
}
