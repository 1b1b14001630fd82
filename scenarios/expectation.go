package scenarios

import "time"

// Expectation is one line of expect. Either it is about requests in a phase (In, Of and Bounds),
// about recovery after a fault or phase (After, Recovered), or about the data (WritesLost, WritesDuplicated, EventsLost, EventsDuplicated).
type Expectation struct {
	In     string  `yaml:"in" json:"in,omitempty" doc:"The phase it is about. Default: all of them."`
	Of     string  `yaml:"of" json:"of,omitempty" doc:"A request as its load spells it, a load's name, or all (default)."`
	Bounds []Bound `yaml:"-" json:"bounds,omitempty"` // every other key: a metric

	After     string        `yaml:"after" json:"after,omitempty" doc:"A phase, or a fault's name: the recovery after it."`
	Recovered time.Duration `yaml:"recovered_within" sign:"positive" json:"recovered_within,omitempty" doc:"The longest that recovery may take, from when the fault was gone."`

	WritesLost       *int `yaml:"writes_lost" json:"writes_lost,omitempty" doc:"The most acknowledged writes that may be missing at the end."`
	WritesDuplicated *int `yaml:"writes_duplicated" json:"writes_duplicated,omitempty" doc:"The most writes that may be there more than once."`
	EventsLost       *int `yaml:"events_lost" json:"events_lost,omitempty" doc:"The most rows that may be without the event that their write has (outbox, event_of): neither has its queue accepted it, nor is it in the outbox."`
	EventsDuplicated *int `yaml:"events_duplicated" json:"events_duplicated,omitempty" doc:"The most events that their queue may have accepted more than once."`

	// Text is the line as the file has it, for reports.
	Text string `yaml:"-" json:"text"`
	// Line is where it stands in the scenario file.
	Line int `yaml:"-" json:"line,omitempty"`
}

// AboutData tells an expectation about what was read back at the end.
func (e *Expectation) AboutData() bool {
	return e.WritesLost != nil || e.WritesDuplicated != nil || e.EventsLost != nil || e.EventsDuplicated != nil
}

// Metric names a figure of a phase and request.
type Metric string

// The metrics that an expectation may bound.
const (
	MetricSuccess  Metric = "success"  // (ok + degraded) / intended, a share
	MetricOK       Metric = "ok"       // ok / intended, a share
	MetricDegraded Metric = "degraded" // degraded / intended, a share
	MetricFailed   Metric = "failed"   // failed and unsent / intended, a share
	MetricGoodput  Metric = "goodput"  // ok + degraded answers a second
	MetricRate     Metric = "rate"     // requests intended a second
	MetricMean     Metric = "mean"     // latency from the intended time
	MetricP50      Metric = "p50"
	MetricP90      Metric = "p90"
	MetricP95      Metric = "p95"
	MetricP99      Metric = "p99"
	MetricP999     Metric = "p999"
	MetricMax      Metric = "max"
	// MetricStaleReads counts requests to which a replica showed less than what their user had written.
	MetricStaleReads Metric = "stale_reads" // stale / intended, a share
	// MetricAmplification needs Of to be an edge "a -> b": attempts over that edge for each one that no retry caused, in the
	// phase that In names or over the run.
	MetricAmplification Metric = "amplification"
	// The others that need an edge, from a queue or a stream: what waits at the end of a phase (or of the run), and the share
	// of a phase's deliveries that came within the freshness that the queue or subscriber names.
	MetricLag     Metric = "lag"     // how long the first that waits has waited, in seconds
	MetricBacklog Metric = "backlog" // messages
	MetricFresh   Metric = "fresh"
)

// OfEdge tells a metric of a connection; all others are of requests.
func (m Metric) OfEdge() bool { return m == MetricAmplification || m.OfDelivery() }

// OfDelivery tells a metric of what a queue or a stream delivers.
func (m Metric) OfDelivery() bool { return m == MetricLag || m == MetricBacklog || m == MetricFresh }

// Bound compares a metric: Value is a fraction, a rate per second, or seconds, as the metric is.
type Bound struct {
	Metric Metric  `json:"metric"`
	Op     string  `json:"op"` // < <= > >= ==
	Value  float64 `json:"value"`
}
