package call

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
)

// Counters are the attempts to each callee instance.
func Counters(i *host.Instance) map[string]wire.CallCounters {
	all := make(map[string]wire.CallCounters)
	for _, u := range CalleesOf(i).of {
		for _, r := range u.Replicas {
			all[r.Instance] = r.Counts.stats()
		}
	}
	return all
}

// WriteCounters gives them as metrics, in Prometheus' text format.
func WriteCounters(i *host.Instance, w io.Writer, labels string) {
	for _, column := range callColumns {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s counter\n", column.name, column.help, column.name)
		for _, u := range CalleesOf(i).of {
			for _, r := range u.Replicas {
				fmt.Fprintf(w, "%s{%s,callee=%q} %d\n", column.name, labels, r.Instance, column.value(r.Counts.stats()))
			}
		}
	}
}

// callColumns are the metrics of calls, one series for each callee instance.
var callColumns = []struct {
	name, help string
	value      func(wire.CallCounters) int64
}{
	{"squall_call_attempts_total", "Attempts to call.", func(s wire.CallCounters) int64 { return s.Attempts }},
	{"squall_call_organic_total", "Attempts that no retry has caused.", func(s wire.CallCounters) int64 { return s.Organic }},
	{"squall_call_retries_total", "Attempts beyond a call's first.", func(s wire.CallCounters) int64 { return s.Retries }},
	{"squall_call_failures_total", "Attempts that failed.", func(s wire.CallCounters) int64 { return s.Failures }},
}

// counts counts attempts to one callee instance.
type counts struct {
	attempts, organic, retries, Failures atomic.Int64
}

func (c *counts) Begin(n int, retried bool) {
	c.attempts.Add(1)
	if n > 1 {
		c.retries.Add(1)
	}
	if !retried {
		c.organic.Add(1)
	}
}

func (c *counts) stats() wire.CallCounters {
	return wire.CallCounters{Attempts: c.attempts.Load(), Organic: c.organic.Load(), Retries: c.retries.Load(), Failures: c.Failures.Load()}
}
