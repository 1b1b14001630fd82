package compare

import (
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// What a design takes for what it gives, over all phases: always all of it, so that nothing wins by hiding its cost. What is unknown is said to
// be, with its reason, and is never 0.

// costs begins the names of what a design costs.
const costs = "cost: "

// The costs, in the order in which they are told.
const (
	costAttempts      = costs + "attempts"
	costAmplification = costs + "amplification, the most of an edge"
	costConnections   = costs + "connections opened"
	costCPU           = costs + "CPU of the nodes"
	costBacklog       = costs + "backlog at the end"
	costStale         = costs + "stale reads"
	costDegraded      = costs + "degraded answers"
	costLost          = costs + "acknowledged writes lost"
)

// allCosts is every cost as a table has it.
var allCosts = []Named{
	{costAttempts, Count, metric.Less}, {costAmplification, Factor, metric.Less}, {costConnections, Count, metric.Less},
	{costCPU, Seconds, metric.Less}, {costBacklog, Count, metric.Less}, {costStale, Share, metric.Less},
	{costDegraded, Share, metric.Less}, {costLost, Count, metric.Less},
}

// cost takes a cost that is known, or why it is not.
func (f *figures) cost(name string, value float64, unknown string) {
	if unknown != "" {
		if f.unknown == nil {
			f.unknown = map[string]string{}
		}
		f.unknown[name] = unknown
		return
	}
	for _, n := range allCosts {
		if n.Name == name {
			f.add(name, n.Unit, n.Better, value)
		}
	}
}

func (f *figures) costs(r *record.Result) {
	f.crossings(r)
	cpu, why := cpuOf(r)
	f.cost(costCPU, cpu, why)
	f.backlog(r)
	var sent, degraded, stale, answered int64
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			sent, degraded, stale, answered = sent+q.Sent, degraded+q.Degraded, stale+q.StaleReads, answered+q.OK+q.Degraded
		}
	}
	f.cost(costStale, float64(stale)/float64(max(answered, 1)), unless(answered > 0, "nothing was answered"))
	f.cost(costDegraded, float64(degraded)/float64(max(sent, 1)), unless(sent > 0, "nothing was sent"))
	switch {
	case !r.Writes.Checked:
		f.cost(costLost, 0, "no writes were read back")
	default:
		f.cost(costLost, float64(r.Writes.Lost), unless(r.Writes.Acknowledged > 0, "no write acknowledged"))
	}
}

// crossings are what crossed the edges.
func (f *figures) crossings(r *record.Result) {
	var attempts, connections int64
	var most float64
	for _, e := range r.Edges {
		attempts, connections = attempts+e.Attempts, connections+e.Connections
		if e.Attempts > 0 {
			most = max(most, e.Amplification)
		}
	}
	uncounted := unless(len(r.Edges) > 0, "what crossed the edges was not counted")
	f.cost(costAttempts, float64(attempts), uncounted)
	if uncounted == "" && attempts == 0 {
		f.cost(costAmplification, 0, "nothing was attempted")
	} else {
		f.cost(costAmplification, most, uncounted)
	}
	f.cost(costConnections, float64(connections), uncounted)
}

func (f *figures) backlog(r *record.Result) {
	var backlog int64
	delivers := false
	counted := map[string]bool{}
	for _, e := range r.Edges {
		if key := e.FromInst + "\x00" + e.To; e.Delivery != nil && !counted[key] { // each edge of an instance says the same
			counted[key], delivers = true, true
			backlog += e.Delivery.Backlog
		}
	}
	f.cost(costBacklog, float64(backlog), unless(delivers, "no queue"))
}

// cpuSeconds is what the record calls the CPU time of an instance.
const cpuSeconds = "cpu_seconds_total"

// cpuOf is the CPU time of all nodes. In virtual time that is what they compute, and an instance that computes nothing counts none; elsewhere
// one that is not counted makes the sum unknown.
func cpuOf(r *record.Result) (seconds float64, unknown string) {
	missing := ""
	counted := false
	for _, n := range r.Nodes {
		used, is := n.Counters[cpuSeconds]
		if !is {
			missing = n.Instance
			continue
		}
		counted, seconds = true, seconds+used
	}
	switch {
	case !counted && r.Engine == virtual:
		return 0, "no node has compute, and virtual time has no other CPU"
	case !counted:
		return 0, "the engine could not tell"
	case missing != "" && r.Engine != virtual:
		return 0, "that of " + missing + " is not known"
	}
	return seconds, ""
}

// unless is why something is unknown, where it is.
func unless(known bool, why string) string {
	if known {
		return ""
	}
	return why
}
