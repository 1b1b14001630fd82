package wire

import "github.com/squallhq/squall/internal/passage"

// The paths of a node's admin API. Health answers 200 once the node serves; Metrics is Prometheus's text format; Stats is
// a Stats; Behave takes (PUT) and takes back (DELETE) a faults.Behaviour, Asks takes a list of faults.Ask, Lookups takes a
// faults.NameLookup for each callee instance that has one, Configure takes a scenarios.Node. PUT and DELETE of
// Withdrawn and an instance's name tell that this callee is about to go, and that it is back. Spans takes (POST) a list of traces and
// answers a Spans.
const (
	AdminHealth    = "/health"
	AdminMetrics   = "/metrics"
	AdminStats     = "/stats"
	AdminBehave    = "/behave"
	AdminAsks      = "/asks"
	AdminLookups   = "/lookups"
	AdminConfigure = "/configure"
	AdminWithdrawn = "/withdrawn/"
	AdminSpans     = "/spans"
)

// Addresses are where a started node really listens: what a child process tells its parent.
type Addresses struct {
	Listen string `json:"listen"`
	Admin  string `json:"admin"`
}

// Stats is what GET /stats answers on the admin address.
type Stats struct {
	// Calls are the attempts to each callee instance.
	Calls map[string]CallCounters `json:"calls"`
	// Counters are all metrics by their names, those of GET /metrics.
	Counters map[string]float64 `json:"counters"`
	// Stays are those of the instance's requests, Attempts those of its attempts to each callee instance, and Waits those of the
	// messages that wait in it, by who they wait for.
	Stays    passage.Reading            `json:"stays"`
	Attempts map[string]passage.Reading `json:"attempts,omitempty"`
	Waits    map[string]passage.Reading `json:"waits,omitempty"`
}

// CallCounters is a caller's own count of its attempts to one callee instance.
type CallCounters struct {
	Attempts int64 `json:"attempts"`
	// Organic attempts are those that no retry, here or further up, has caused: amplification is Attempts / Organic.
	Organic int64 `json:"organic"`
	Retries int64 `json:"retries"`
	// Failures ended in a transport error, a timeout, a status of 500 or more, or 429. Attempts that
	// this side gave up because its own caller was gone are not failures.
	Failures int64 `json:"failures"`
	// GaveUp are those: the caller was gone, or another attempt was faster.
	GaveUp int64 `json:"gave_up,omitempty"`
	// InFlight are those that have not ended yet: a gauge. Every other attempt was answered.
	InFlight int64 `json:"in_flight,omitempty"`
}

// Answered are the attempts that ended well.
func (c CallCounters) Answered() int64 { return c.Attempts - c.Failures - c.GaveUp - c.InFlight }

// Add adds what a later life of the caller counted. What was in flight when the earlier one ended has ended with it: given up.
func (c CallCounters) Add(later CallCounters) CallCounters {
	return CallCounters{
		Attempts: c.Attempts + later.Attempts, Organic: c.Organic + later.Organic,
		Retries: c.Retries + later.Retries, Failures: c.Failures + later.Failures,
		GaveUp: c.GaveUp + c.InFlight + later.GaveUp, InFlight: later.InFlight,
	}
}

// Sub is what was counted since an earlier count; InFlight is how many more are in flight than were then.
func (c CallCounters) Sub(o CallCounters) CallCounters {
	return CallCounters{
		Attempts: c.Attempts - o.Attempts, Organic: c.Organic - o.Organic,
		Retries: c.Retries - o.Retries, Failures: c.Failures - o.Failures,
		GaveUp: c.GaveUp - o.GaveUp, InFlight: c.InFlight - o.InFlight,
	}
}
