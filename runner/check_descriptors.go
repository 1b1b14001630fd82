package runner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/internal/scarce"
	"github.com/squallhq/squall/runner/record"
)

// What one request in flight costs a process at most in descriptors: two of the mesh, which has an edge on both sides of it. And what a
// process has beside connections.
const (
	descriptorsEach   = 2
	descriptorsBeside = 64
)

// descriptorCheck tells whether generator and mesh had as many descriptors as the requests in flight may have needed: where they had
// not, connections failed that the system would have taken. In virtual time connections are none of the machine's.
func (r *run) descriptorCheck(res *record.Result) *record.Check {
	if _, virtual := r.o.Engine.(Enclosing); virtual {
		return nil
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil
	}
	return descriptors(res.Generator.MaxInFlight, limit.Cur)
}

func descriptors(inFlight int64, limit uint64) *record.Check {
	need := uint64(descriptorsEach*inFlight + descriptorsBeside)
	return &record.Check{
		Name: "descriptors",
		OK:   need <= limit,
		Text: fmt.Sprintf("%d requests in flight need some %d file descriptors, %d are allowed (ulimit -n)", inFlight, need, limit),
	}
}

// dial is the system's, and counts the connections for which this process had nothing left to make them with.
func (r *run) dial(ctx context.Context, edge string) (net.Conn, error) {
	c, err := r.system.Dial(ctx, edge)
	if err != nil && scarce.Lacked(err) {
		r.lacked.Add(1)
	}
	return c, err
}

// lackedTotal counts a node's connections for which there was nothing left to make them with.
const lackedTotal = "squall_lacked_total"

// scarcityCheck tells who ran out of file descriptors, ports or memory for connections, by their own counts: what failed by that would
// not have, with more of them. nil where nobody did.
func (r *run) scarcityCheck() *record.Check {
	by := map[string]int64{"the load": r.lacked.Load()}
	if r.load != nil {
		by["the load"] += r.load.Figures.Lacked
	}
	if r.final != nil {
		for _, e := range r.final.Edges {
			by["the mesh"] += e.Lacked
		}
		for name, n := range r.final.Nodes {
			by[name] += int64(n.Counters[lackedTotal])
		}
	}
	maps.DeleteFunc(by, func(_ string, n int64) bool { return n == 0 })
	if len(by) == 0 {
		return nil
	}
	who := slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(cmp.Compare(by[b], by[a]), cmp.Compare(a, b)) })
	for n, name := range who {
		who[n] = fmt.Sprintf("%s for %d connections", name, by[name])
	}
	return &record.Check{
		Name: "enough of the machine",
		Text: "there were no file descriptors, ports or memory left: " + strings.Join(who, ", ") + " (ulimit -n, net.ipv4.ip_local_port_range)",
	}
}
