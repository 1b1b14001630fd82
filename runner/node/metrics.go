package node

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// metric is one number that every instance of a role counts for itself. It is declared once, where it is counted, and is 0
// in an instance that does not count it: so every role shows all of them.
type metric struct{ n int }

// declaration is what a metric is called and means.
type declaration struct {
	name, kind, help string
	seconds          bool // it is counted in ns
}

// declared are all metrics of the program, by their number. They are declared by variables of packages, and so before any instance is.
var declared []declaration

// newCounter declares what only grows.
func newCounter(name, help string) metric {
	return declare(declaration{name: name, kind: "counter", help: help})
}

// newGauge declares what is true now.
func newGauge(name, help string) metric {
	return declare(declaration{name: name, kind: "gauge", help: help})
}

// newSeconds declares a counter of time, which is counted in ns and told in seconds.
func newSeconds(name, help string) metric {
	return declare(declaration{name: name, kind: "counter", help: help, seconds: true})
}

func declare(d declaration) metric {
	declared = append(declared, d)
	return metric{len(declared) - 1}
}

// in is an instance's own number.
func (c metric) in(m *metrics) *atomic.Int64 { return &m.values[c.n] }

// metrics are an instance's own numbers. They are safe for concurrent use.
type metrics struct {
	values []atomic.Int64                   // by the number of the metric
	worked []atomic.Pointer[func() float64] // in place of values, where they are worked out when they are read
	series atomic.Pointer[[]series]         // of the instance's parts

	callMetrics
}

func newMetrics() *metrics {
	return &metrics{values: make([]atomic.Int64, len(declared)), worked: make([]atomic.Pointer[func() float64], len(declared))}
}

// work has a gauge's value worked out whenever it is read.
func (c metric) work(m *metrics, out func() float64) { m.worked[c.n].Store(&out) }

// read is a metric's value, as it is told.
func (m *metrics) read(n int) float64 {
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

type callMetrics struct {
	breakersOpen, breakerOpened, breakerRejected, budgetExhausted, hedges, hedgesWon, bulkheadWaiting, bulkheadRejected, bulkheadTime, throttled atomic.Int64
	failovers, unhealthy, healthChecks, healthFailures, ejected, ejections, ejectionPanics, tiedTaken, tiedTwice                                 atomic.Int64
}

type callMetric struct {
	name, kind, help string
	value            func(*metrics) float64
}

func (m *metrics) table() []callMetric {
	count := func(name, help string, of func(*metrics) *atomic.Int64) callMetric {
		return callMetric{name, "counter", help, func(m *metrics) float64 { return float64(of(m).Load()) }}
	}
	gauge := func(name, help string, of func(*metrics) *atomic.Int64) callMetric {
		return callMetric{name, "gauge", help, func(m *metrics) float64 { return float64(of(m).Load()) }}
	}
	seconds := func(name, help string, of func(*metrics) *atomic.Int64) callMetric {
		return callMetric{name, "counter", help, func(m *metrics) float64 { return time.Duration(of(m).Load()).Seconds() }}
	}
	return []callMetric{
		count("squall_breaker_open_total", "Times that a circuit breaker opened.", func(m *metrics) *atomic.Int64 { return &m.breakerOpened }),
		count("squall_breaker_rejected_total", "Calls not made because a circuit breaker was open.", func(m *metrics) *atomic.Int64 { return &m.breakerRejected }),
		gauge("squall_breakers_open", "Circuit breakers that are open or half open now.", func(m *metrics) *atomic.Int64 { return &m.breakersOpen }),
		count("squall_failovers_total", "Calls made to another node because the one that was meant, or the one before it, had failed for good or was not to be called.", func(m *metrics) *atomic.Int64 { return &m.failovers }),
		gauge("squall_unhealthy", "Replicas of callees that have failed their health checks and not yet passed enough of them.", func(m *metrics) *atomic.Int64 { return &m.unhealthy }),
		count("squall_health_checks_total", "Health checks made of callees' replicas.", func(m *metrics) *atomic.Int64 { return &m.healthChecks }),
		count("squall_health_check_failures_total", "Health checks that failed.", func(m *metrics) *atomic.Int64 { return &m.healthFailures }),
		count("squall_ejections_total", "Times that a replica of a callee was left alone because it stood out (failed probes included).", func(m *metrics) *atomic.Int64 { return &m.ejections }),
		gauge("squall_ejected", "Replicas of callees that are left alone or probed now.", func(m *metrics) *atomic.Int64 { return &m.ejected }),
		count("squall_ejection_panics_total", "Times that more replicas of a callee were to be left alone than may be, so that all were used.", func(m *metrics) *atomic.Int64 { return &m.ejectionPanics }),
		count("squall_retry_budget_exhausted_total", "Retries not made because the retry budget was spent.", func(m *metrics) *atomic.Int64 { return &m.budgetExhausted }),
		count("squall_hedges_total", "Second attempts made beside a first one that was late.", func(m *metrics) *atomic.Int64 { return &m.hedges }),
		count("squall_hedges_won_total", "Hedges whose answer was taken.", func(m *metrics) *atomic.Int64 { return &m.hedgesWon }),
		count("squall_tied_withdrawn_total", "Tied attempts that were given up because the other one had been begun.", func(m *metrics) *atomic.Int64 { return &m.tiedTaken }),
		count("squall_tied_twice_total", "Tied attempts that had been begun too when they were given up: work done twice.", func(m *metrics) *atomic.Int64 { return &m.tiedTwice }),
		gauge("squall_bulkhead_waiting", "Calls waiting for a place in a bulkhead now.", func(m *metrics) *atomic.Int64 { return &m.bulkheadWaiting }),
		seconds("squall_bulkhead_seconds_total", "Time that calls waited for a place in a bulkhead.", func(m *metrics) *atomic.Int64 { return &m.bulkheadTime }),
		count("squall_bulkhead_rejected_total", "Calls not made because a bulkhead and its queue were full.", func(m *metrics) *atomic.Int64 { return &m.bulkheadRejected }),
		count("squall_throttled_total", "Calls not made because the throttle expected the dependency to reject them.", func(m *metrics) *atomic.Int64 { return &m.throttled }),
	}
}

// counters are all metrics by their names.
func (m *metrics) counters() map[string]float64 {
	out := make(map[string]float64)
	for n, d := range declared {
		out[d.name] = m.read(n)
	}
	for _, row := range m.table() {
		out[row.name] = row.value(m)
	}
	for _, one := range m.told() {
		out[one.full()] = one.value()
	}
	return out
}

// write gives the metrics in the Prometheus text format, version 0.0.4, each with the given labels, in the order of their names.
func (m *metrics) write(w io.Writer, labels string) error {
	for _, n := range byName() {
		d := &declared[n]
		if _, err := fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s{%s} %g\n", d.name, d.help, d.name, d.kind, d.name, labels, m.read(n)); err != nil {
			return err
		}
	}
	for _, row := range m.table() {
		if _, err := fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n%s{%s} %g\n",
			row.name, row.help, row.name, row.kind, row.name, labels, row.value(m)); err != nil {
			return err
		}
	}
	headed := map[string]bool{}
	for _, one := range m.told() {
		if !headed[one.name] {
			fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", one.name, one.help, one.name, one.kind)
			headed[one.name] = true
		}
		if _, err := fmt.Fprintf(w, "%s{%s,%s} %g\n", one.name, labels, one.label, one.value()); err != nil {
			return err
		}
	}
	return nil
}
