package host

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/internal/passage"
)

// Metric is one number that every instance of a role counts for itself. It is declared once, where it is counted, and is 0
// in an instance that does not count it: so every role shows all of them.
type Metric struct{ n int }

// declaration is what a metric is called and means.
type declaration struct {
	name, kind, help string
	seconds          bool // it is counted in ns
}

// declared are all metrics of the program, by their number. They are declared by variables of packages, and so before any instance is.
var declared []declaration

// NewCounter declares what only grows.
func NewCounter(name, help string) Metric {
	return declare(declaration{name: name, kind: "counter", help: help})
}

// NewGauge declares what is true now.
func NewGauge(name, help string) Metric {
	return declare(declaration{name: name, kind: "gauge", help: help})
}

// NewSeconds declares a counter of time, which is counted in ns and told in seconds.
func NewSeconds(name, help string) Metric {
	return declare(declaration{name: name, kind: "counter", help: help, seconds: true})
}

func declare(d declaration) Metric {
	declared = append(declared, d)
	return Metric{len(declared) - 1}
}

// In is an instance's own number.
func (c Metric) In(m *Metrics) *atomic.Int64 { return &m.values[c.n] }

// Metrics are an instance's own numbers. They are safe for concurrent use.
type Metrics struct {
	values []atomic.Int64                   // by the number of the metric
	worked []atomic.Pointer[func() float64] // in place of values, where they are worked out when they are read
	series atomic.Pointer[[]Series]         // of the instance's parts
	// Stays are those of requests, from when each came to when it was answered.
	Stays passage.Count
	waits atomic.Pointer[map[string]func() passage.Reading]
}

func NewMetrics() *Metrics {
	m := &Metrics{values: make([]atomic.Int64, len(declared)), worked: make([]atomic.Pointer[func() float64], len(declared))}
	inFlightSeconds.Work(m, func() float64 { return m.Stays.Read(time.Now()).Area.Seconds() })
	inFlightAges.Work(m, func() float64 { return m.Stays.Read(time.Now()).Ages.Seconds() })
	return m
}

// TellWaits has the messages that wait in the instance told, by who they wait for. A role does that once, while it is built.
func (m *Metrics) TellWaits(by map[string]func() passage.Reading) { m.waits.Store(&by) }

// Waits are the messages that wait in the instance, by who they wait for.
func (m *Metrics) Waits() map[string]passage.Reading {
	by := m.waits.Load()
	if by == nil {
		return nil
	}
	out := make(map[string]passage.Reading, len(*by))
	for who, read := range *by {
		out[who] = read()
	}
	return out
}

// Work has a gauge's value worked out whenever it is read.
func (c Metric) Work(m *Metrics, out func() float64) { m.worked[c.n].Store(&out) }

// read is a metric's value, as it is told.
func (m *Metrics) read(n int) float64 {
	if out := m.worked[n].Load(); out != nil {
		return (*out)()
	}
	value := m.values[n].Load()
	if declared[n].seconds {
		return time.Duration(value).Seconds()
	}
	return float64(value)
}

// byName are the numbers of all metrics, in the order of their names.
func byName() []int {
	order := make([]int, len(declared))
	for n := range order {
		order[n] = n
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(declared[a].name, declared[b].name) })
	return order
}

// Counters are all metrics by their names.
func (m *Metrics) Counters() map[string]float64 {
	out := make(map[string]float64)
	for n, d := range declared {
		out[d.name] = m.read(n)
	}
	for _, one := range m.told() {
		out[one.full()] = one.Value()
	}
	return out
}

// Write gives the metrics in the Prometheus text format, version 0.0.4, each with the given labels, in the order of their names.
func (m *Metrics) Write(w io.Writer, labels string) error {
	for _, n := range byName() {
		d := &declared[n]
		if _, err := fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s{%s} %g\n", d.name, d.help, d.name, d.kind, d.name, labels, m.read(n)); err != nil {
			return err
		}
	}
	headed := map[string]bool{}
	for _, one := range m.told() {
		if !headed[one.Name] {
			fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", one.Name, one.Help, one.Name, one.Kind)
			headed[one.Name] = true
		}
		if _, err := fmt.Fprintf(w, "%s{%s,%s} %g\n", one.Name, labels, one.Label, one.Value()); err != nil {
			return err
		}
	}
	return nil
}
