package runner

import (
	"maps"
	"strings"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/wire"
)

// Add adds a later life of an instance to earlier ones. Of metrics only counters add up (see isCounter); of all
// others the later life's stands, and until there is one, the earlier life's. What neither has counted stays nil: an image
// counts nothing, which is not zero.
func (before NodeCounters) Add(last NodeCounters) NodeCounters {
	out := NodeCounters{Calls: maps.Clone(before.Calls), Counters: maps.Clone(before.Counters), CPU: before.CPU + last.CPU}
	out.Stays = before.Stays.Add(last.Stays)
	out.Attempts, out.Waits = addAll(before.Attempts, last.Attempts), addAll(before.Waits, last.Waits)
	if out.Calls == nil && last.Calls != nil {
		out.Calls = make(map[string]wire.CallCounters, len(last.Calls))
	}
	if out.Counters == nil && last.Counters != nil {
		out.Counters = make(map[string]float64, len(last.Counters))
	}
	for callee, c := range last.Calls {
		out.Calls[callee] = out.Calls[callee].Add(c)
	}
	for name, v := range last.Counters {
		if isCounter(name) {
			v += out.Counters[name]
		}
		out.Counters[name] = v
	}
	return out
}

// addAll adds the later lives of places to earlier ones, by name; nil: there are none.
func addAll(before, last map[string]passage.Reading) map[string]passage.Reading {
	if before == nil && last == nil {
		return nil
	}
	out := make(map[string]passage.Reading, max(len(before), len(last)))
	for name := range before {
		out[name] = before[name].Add(last[name])
	}
	for name, later := range last {
		if _, known := before[name]; !known {
			out[name] = later
		}
	}
	return out
}

// isCounter tells a metric that only grows, by the end of its name (Prometheus's words); a gauge is any other.
func isCounter(name string) bool {
	name, _, _ = strings.Cut(name, "{")
	return strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_count") || strings.HasSuffix(name, "_sum")
}
