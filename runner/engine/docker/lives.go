package docker

import (
	"maps"
	"strings"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/wire"
)

// lives adds up what an instance counted over all its lives: each start counts from 0 again, and
// what a run reports only grows.
type lives struct {
	// life is the number of restarts before the one that now was read in.
	life         int
	past, now    wire.Stats
	pastCPU, cpu time.Duration
}

// read takes what the instance has counted in its present life.
func (l *lives) read(life int, s wire.Stats) {
	l.begin(life)
	l.now = s
}

// used takes the CPU time of the present life.
func (l *lives) used(life int, cpu time.Duration) {
	l.begin(life)
	l.cpu = max(l.cpu, cpu)
}

// begin puts what an earlier life counted to the past.
func (l *lives) begin(life int) {
	if life == l.life {
		return
	}
	l.past = sumStats(l.past, l.now)
	l.pastCPU += l.cpu
	l.life, l.now, l.cpu = life, wire.Stats{}, 0
}

// counters are the sums; a gauge is what the present life says.
func (l *lives) counters() runner.NodeCounters {
	all := sumStats(l.past, l.now)
	return runner.NodeCounters{Restarts: l.life, Calls: all.Calls, Counters: all.Counters, CPU: l.pastCPU + l.cpu}
}

func sumStats(past, now wire.Stats) wire.Stats {
	sum := wire.Stats{Calls: maps.Clone(past.Calls), Counters: maps.Clone(past.Counters)}
	if sum.Calls == nil && now.Calls != nil {
		sum.Calls = map[string]wire.CallCounters{}
	}
	for callee, n := range now.Calls {
		sum.Calls[callee] = sum.Calls[callee].Add(n)
	}
	if sum.Counters == nil && now.Counters != nil {
		sum.Counters = map[string]float64{}
	}
	for name, v := range now.Counters {
		if counts(name) {
			v += sum.Counters[name]
		}
		sum.Counters[name] = v
	}
	return sum
}

// counts tells counters from gauges, by Prometheus's names.
func counts(name string) bool {
	name, _, _ = strings.Cut(name, "{")
	return strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_count") || strings.HasSuffix(name, "_sum")
}
