package scenarios

import (
	"time"

	"github.com/squallhq/squall/scenarios/metric"
)

// Expectation is one line of expect. Either it is about requests in a phase (In, Of and Bounds),
// about recovery after a fault or phase (After, Recovered), about whether monitoring noticed it (After, Alerted), or about the data (WritesLost, WritesDuplicated, WritesReordered, EventsLost, EventsDuplicated).
type Expectation struct {
	// The phase it is about. Default: all of them.
	In string `yaml:"in" json:"in,omitempty"`
	// A request as its load spells it, a load's name, or all (default).
	Of     string  `yaml:"of" json:"of,omitempty"`
	Bounds []Bound `yaml:"-" json:"bounds,omitempty"` // every other key: a metric
	// Whose latency the percentiles, mean and max are of: answers (ok and degraded, the default), ok alone, failed
	// alone, or all that were sent. What is refused at once has a latency of nothing: of all, shedding looks fast.
	LatencyOf string `yaml:"latency_of" enum:"answers,ok,failed,all" json:"latency_of,omitempty"`
	// How sure the verdict on a share has to be, by the one-sided bounds of Clopper and Pearson (exact for independent
	// requests). Default: 95%. A share passes where that bound keeps to what is expected, fails where the other one
	// breaks it, and can't be told between them: 2994 of 2994 do not show >= 99.9%, 2995 do. A bound of 0% or 100%,
	// and ==, are about the run's own requests and need no confidence.
	Confidence float64 `yaml:"confidence" sign:"positive" unit:"share" json:"confidence,omitempty"`

	// A phase, or a fault's name: the recovery after it, or the alert that it raises.
	After string `yaml:"after" json:"after,omitempty"`
	// The longest that recovery may take, from when the fault was gone.
	Recovered time.Duration `yaml:"recovered_within" sign:"positive" json:"recovered_within,omitempty"`

	// The longest that it may take until monitoring tells of it, from when the first of its faults was on: an alert that an alert
	// manager sends to the address of --alerts, that fires when the Prometheus of alerts is asked, or that somebody tells of with squall ctl
	// alert NAME.
	Alerted time.Duration `yaml:"alerted_within" sign:"positive" json:"alerted_within,omitempty"`
	// The alert's name (alertname). Default: any.
	Alert string `yaml:"alert" json:"alert,omitempty"`

	// The most acknowledged writes that may be missing at the end.
	WritesLost *int `yaml:"writes_lost" json:"writes_lost,omitempty"`
	// The most writes that may be there more than once.
	WritesDuplicated *int `yaml:"writes_duplicated" json:"writes_duplicated,omitempty"`
	// The most acknowledged writes that may stand behind a later one of their key; for a load whose read_back is ordered.
	WritesReordered *int `yaml:"writes_reordered" json:"writes_reordered,omitempty"`
	// The most rows that may be without the event that their write has (outbox, event_of): neither has its queue
	// accepted it, nor is it in the outbox.
	EventsLost *int `yaml:"events_lost" json:"events_lost,omitempty"`
	// The most events that their queue may have accepted more than once.
	EventsDuplicated *int `yaml:"events_duplicated" json:"events_duplicated,omitempty"`

	// Text is the line as the file has it, for reports.
	Text string `yaml:"-" json:"text"`
	// Line and Column are where it stands in the scenario file.
	Line   int `yaml:"-" json:"line,omitempty"`
	Column int `yaml:"-" json:"column,omitempty"`
}

// AboutData tells an expectation about what was read back at the end.
func (e *Expectation) AboutData() bool {
	return e.WritesLost != nil || e.WritesDuplicated != nil || e.WritesReordered != nil || e.EventsLost != nil || e.EventsDuplicated != nil
}

// Bound compares a metric: Value is a fraction, a rate per second, or seconds, as the metric is.
type Bound struct {
	Metric metric.Name `json:"metric"`
	Op     string      `json:"op"` // < <= > >= ==
	Value  float64     `json:"value"`
}

// Keeps tells whether a value keeps to the bound.
func (b Bound) Keeps(value float64) bool {
	switch b.Op {
	case "<":
		return value < b.Value
	case "<=":
		return value <= b.Value
	case ">":
		return value > b.Value
	case ">=":
		return value >= b.Value
	case "==":
		return value == b.Value
	}
	panic("unknown comparison " + b.Op)
}
