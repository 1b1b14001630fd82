package runner

import (
	"sync"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// heard are the last two readings of all counters, the newest last. A nil one was not made yet.
type heard struct {
	mu           sync.Mutex
	before, last *Observation
}

func (h *heard) take(o *Observation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil || o.At.After(h.last.At) {
		h.before, h.last = h.last, o
	}
}

func (h *heard) both() (before, last *Observation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.before, h.last
}

// scene is all that is to be seen of the run at an offset.
func (r *run) scene(now time.Duration) record.Scene {
	out := record.Scene{Requests: r.recorder.LiveRequests(now), Faults: r.liveFaults(now)}
	before, last := r.heard.both()
	if last == nil {
		return out
	}
	r.addEdges(&out, before, last)
	open := map[string]int{}
	for _, i := range r.o.Plan.Instances {
		n := int(last.Nodes[i.Name].Counters["squall_breakers_open"])
		if open[i.Node.Name] == 0 && n > 0 {
			out.Breakers = append(out.Breakers, record.LiveBreakers{Node: i.Node.Name})
		}
		open[i.Node.Name] += n
	}
	for i := range out.Breakers {
		out.Breakers[i].Open = open[out.Breakers[i].Node]
	}
	return out
}

func (r *run) liveFaults(now time.Duration) []record.LiveFault {
	var out []record.LiveFault
	for _, i := range r.injections {
		if i.active() {
			out = append(out, record.LiveFault{Text: title(i.fault), Left: i.fault.End - now, Stays: i.fault.End >= r.o.Plan.Total})
		}
	}
	return out
}

// addEdges adds what crossed the edges between two readings, and what waits in queues.
func (r *run) addEdges(out *record.Scene, before, last *Observation) {
	edges, queues := map[[2]string]*record.LiveEdge{}, map[[2]string]*record.LiveQueue{}
	told := map[[2]string]bool{} // by the caller's instance: each edge of one says the same of what waits
	var pairs [][2]string
	for _, e := range r.o.Plan.Edges {
		pair := [2]string{e.FromNode, e.ToNode}
		if edges[pair] == nil {
			pairs = append(pairs, pair)
			edges[pair] = &record.LiveEdge{From: e.FromNode, To: e.ToNode}
		}
		if before != nil {
			c := crossing(before, before, last, e)
			edges[pair].Attempts += c.Attempts
			edges[pair].Failures += c.Failures
			edges[pair].GaveUp += c.GaveUp
		}
		d := deliveryOver(r.o.Plan, nil, last, e)
		if d == nil || told[[2]string{e.From, e.ToNode}] {
			continue
		}
		told[[2]string{e.From, e.ToNode}] = true
		if queues[pair] == nil {
			queues[pair] = &record.LiveQueue{From: e.FromNode, To: e.ToNode}
		}
		queues[pair].Waiting += d.Backlog
		queues[pair].Oldest = max(queues[pair].Oldest, time.Duration(d.LagS*float64(time.Second)))
	}
	for _, pair := range pairs {
		if edges[pair].Attempts > 0 {
			out.Edges = append(out.Edges, *edges[pair])
		}
		if queues[pair] != nil {
			out.Queues = append(out.Queues, *queues[pair])
		}
	}
}
