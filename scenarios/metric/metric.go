// Package metric is the figures that an expectation may bound, a row each: what a figure is called, what it is of, its unit, which
// way is better, and what it means. The language, the judge, reports and explain all read this one table. It holds
// values alone and imports nothing of ours.
package metric

import (
	"math"
	"slices"
)

// Name is a metric's key in an expectation.
type Name string

// The metrics.
const (
	Success       Name = "success"
	OK            Name = "ok"
	Degraded      Name = "degraded"
	Failed        Name = "failed"
	StaleReads    Name = "stale_reads"
	Goodput       Name = "goodput"
	Rate          Name = "rate"
	Mean          Name = "mean"
	P50           Name = "p50"
	P90           Name = "p90"
	P95           Name = "p95"
	P99           Name = "p99"
	P999          Name = "p999"
	Max           Name = "max"
	Amplification Name = "amplification"
	Lag           Name = "lag"
	Backlog       Name = "backlog"
	Fresh         Name = "fresh"
)

// Unit is how a metric's values are given and spelled.
type Unit int

// The units.
const (
	Share     Unit = iota // a fraction of 1, spelled 99.9%
	PerSecond             // spelled 100/s
	Time                  // seconds, spelled 120ms
	Factor                // spelled 2.5
	Messages              // a number of messages
)

// Subject is what a metric is of, and so what an expectation's of may name.
type Subject int

// The subjects.
const (
	Requests   Subject = iota // one request, a load's, or all
	Edge                      // a connection, NODE -> NODE
	Deliveries                // what a queue or a stream delivers, QUEUE -> NODE
)

// Better is which way of a metric is better.
type Better int

// The directions.
const (
	Neither Better = iota
	More
	Less
)

// Metric is one row.
type Metric struct {
	Name Name
	// Label is how reports and tables call it.
	Label  string
	Unit   Unit
	Of     Subject
	Better Better
	// Percentile is which one of latency it is, in %; 0 where it is none.
	Percentile float64
	// Doc is one or two sentences for explain and for the schema.
	Doc string
}

// Needs is how many answers it takes for the metric to be told: 1, and for a percentile as many as make it nearer to one answer beyond
// it than to none, 0.5 / (1 - percentile): 5 for p90, 10 for p95, 50 for p99, 500 for p99.9. The percentile of fewer is
// the greatest of them by another name.
func (m Metric) Needs() int64 {
	if m.Percentile == 0 {
		return 1
	}
	return int64(math.Ceil(50/(100-m.Percentile) - 1e-9))
}

// Latency tells a metric of how long requests took.
func (m Metric) Latency() bool { return m.Of == Requests && m.Unit == Time }

// Live tells a metric that can be told of a second while a run goes on: what requests of that second came to. A rate is of what is
// intended, and what crosses connections or waits in queues is counted when a phase is over.
func (m Metric) Live() bool { return m.Of == Requests && m.Name != Rate }

// LiveNames are the names of those.
func LiveNames() []string {
	return slices.DeleteFunc(Names(), func(name string) bool { return !Name(name).Facts().Live() })
}

// Table is every metric, in the order of the reference.
var Table = []Metric{
	{Name: Success, Label: "availability", Better: More, Doc: "(ok + degraded) / intended requests."},
	{Name: OK, Label: "answered in full", Better: More, Doc: "Whole answers / intended requests."},
	{Name: Degraded, Label: "degraded", Better: Less, Doc: "Degraded answers / intended requests."},
	{Name: Failed, Label: "failed", Better: Less, Doc: "Failed and unsent / intended requests."},
	{Name: Goodput, Label: "goodput", Unit: PerSecond, Better: More, Doc: "ok and degraded answers a second."},
	{Name: Rate, Label: "rate", Unit: PerSecond, Better: More, Doc: "Requests intended a second."},
	{Name: Mean, Label: "mean", Unit: Time, Better: Less, Doc: "Mean latency, from the intended time."},
	{Name: P50, Label: "p50", Unit: Time, Better: Less, Percentile: 50, Doc: "Median latency, from the intended time."},
	{Name: P90, Label: "p90", Unit: Time, Better: Less, Percentile: 90, Doc: "90th percentile of latency, from the intended time."},
	{Name: P95, Label: "p95", Unit: Time, Better: Less, Percentile: 95, Doc: "95th percentile of latency, from the intended time."},
	{Name: P99, Label: "p99", Unit: Time, Better: Less, Percentile: 99, Doc: "99th percentile of latency, from the intended time."},
	{Name: P999, Label: "p99.9", Unit: Time, Better: Less, Percentile: 99.9, Doc: "99.9th percentile of latency, from the intended time."},
	{Name: Max, Label: "max", Unit: Time, Better: Less, Doc: "Greatest latency, from the intended time."},
	{Name: StaleReads, Label: "stale reads", Better: Less,
		Doc: "Requests that a replica showed less than what their own user had written / intended requests."},
	{Name: Amplification, Label: "amplification", Unit: Factor, Of: Edge, Better: Less,
		Doc: "Attempts over the edge that of names, per user request."},
	{Name: Lag, Label: "lag", Unit: Time, Of: Deliveries, Better: Less,
		Doc: "of: QUEUE -> NODE, how long the first message that waits has waited, at the end of the phase (or the run)."},
	{Name: Backlog, Label: "backlog", Unit: Messages, Of: Deliveries, Better: Less,
		Doc: "of: QUEUE -> NODE, messages that wait at the end of the phase (or the run)."},
	{Name: Fresh, Label: "fresh", Of: Deliveries, Better: More,
		Doc: "of: QUEUE -> NODE, the share of deliveries in the phase (or the run) that came within the freshness " +
			"that the queue or subscriber names."},
}

// Lookup is the row of a name, and whether there is one.
func Lookup(name string) (Metric, bool) {
	i := slices.IndexFunc(Table, func(m Metric) bool { return string(m.Name) == name })
	if i < 0 {
		return Metric{}, false
	}
	return Table[i], true
}

// Facts is the row of a metric; it panics for a name that the table does not have.
func (n Name) Facts() Metric {
	m, ok := Lookup(string(n))
	if !ok {
		panic("unknown metric " + string(n))
	}
	return m
}

// Names are all names, in the table's order.
func Names() []string {
	names := make([]string, len(Table))
	for i, m := range Table {
		names[i] = string(m.Name)
	}
	return names
}
