package call

import (
	"cmp"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
)

// Counters are the attempts to each callee instance, and how long they stayed under way, both of one moment.
func Counters(i *host.Instance) (map[string]wire.CallCounters, map[string]passage.Reading) {
	all := make(map[string]wire.CallCounters)
	stays := make(map[string]passage.Reading)
	for _, u := range CalleesOf(i).of {
		for _, r := range u.Replicas {
			all[r.counted()], stays[r.counted()] = r.Counts.read()
		}
	}
	return all, stays
}

// WriteCounters gives them as metrics, in Prometheus' text format.
func WriteCounters(i *host.Instance, w io.Writer, labels string) {
	for _, column := range callColumns {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s counter\n", column.name, column.help, column.name)
		for _, u := range CalleesOf(i).of {
			for _, r := range u.Replicas {
				fmt.Fprintf(w, "%s{%s,callee=%q} %d\n", column.name, labels, r.counted(), column.value(r.Counts.stats()))
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
	{"squall_call_given_up_total", "Attempts given up, as this side's own caller was gone or another attempt was faster.", func(s wire.CallCounters) int64 { return s.GaveUp }},
}

// counted is what attempts to a replica are counted by.
func (r *Replica) counted() string { return cmp.Or(r.Counted, r.Instance) }

// counts counts attempts to one callee instance. Each is begun, and ended once; the counts of one moment agree.
type counts struct {
	mu sync.Mutex
	wire.CallCounters
	stays passage.Count
}

// Begin counts an attempt: a call's nth, and whether a retry led to it. It is when the attempt began.
func (c *counts) Begin(n int, retried bool) time.Time {
	began := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Attempts++
	c.InFlight++
	if n > 1 {
		c.Retries++
	}
	if !retried {
		c.Organic++
	}
	c.stays.Enter(began)
	return began
}

// End counts how an attempt ended that began at a time.
func (c *counts) End(how Ending, began time.Time) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.InFlight--
	c.stays.Leave(began, now)
	switch how {
	case EndedBadly:
		c.Failures++
	case GivenUp:
		c.GaveUp++
	case Answered:
	}
}

// Ending is how an attempt ended, as it is counted.
type Ending int

// The endings. An answer that says no is one. GivenUp is by this side, as its own caller was gone or another attempt faster.
const (
	Answered Ending = iota
	EndedBadly
	GivenUp
)

// ended is how an attempt ended that came to a failure, or to nil.
func ended(f *Failure) Ending {
	switch {
	case f.bad():
		return EndedBadly
	case f != nil && f.Class == Abandoned:
		return GivenUp
	}
	return Answered
}

func (c *counts) stats() wire.CallCounters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.CallCounters
}

func (c *counts) read() (wire.CallCounters, passage.Reading) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.CallCounters, c.stays.Read(time.Now())
}
