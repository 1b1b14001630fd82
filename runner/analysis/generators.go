package analysis

import (
	"fmt"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// mostAstray is the share of the shortest phase or fault that a generator's times may be off by: so much of it may be counted before or after it.
const mostAstray = 0.01

// GeneratorChecks are those of a load that several generators drove: whether all of them lasted, each of them kept its own schedule, and whether
// their clocks, as far as they are known, tell phases and faults apart, of which the shortest is given. Each names who did not.
func GeneratorChecks(all []record.GeneratorPart, shortest time.Duration) []record.Check {
	if len(all) == 0 {
		return nil
	}
	return []record.Check{lasted(all), eachSchedule(all), clocks(all, shortest), room(all)}
}

func named(g record.GeneratorPart, text string, args ...any) string {
	return g.Name + " " + fmt.Sprintf(text, args...)
}

func checked(name, fine string, wrong []string) record.Check {
	if len(wrong) == 0 {
		return record.Check{Name: name, Text: fine, OK: true}
	}
	return record.Check{Name: name, Text: strings.Join(wrong, "; ")}
}

func lasted(all []record.GeneratorPart) record.Check {
	var wrong []string
	for _, g := range all {
		if why, lost := strings.CutPrefix(g.Ended, record.GeneratorLost); lost {
			wrong = append(wrong, named(g, "was lost: %s; of %d requests nobody knows what became, and %d were not sent", why, g.Unknown, g.Unsent))
		}
	}
	return checked("generators lasted", fmt.Sprintf("all %d told what they had done until the end", len(all)), wrong)
}

func eachSchedule(all []record.GeneratorPart) record.Check {
	var wrong []string
	worst := 0.
	for _, g := range all {
		if strings.HasPrefix(g.Ended, record.GeneratorLost) {
			continue // it is named for that
		}
		worst = max(worst, g.LagMs.P99)
		if c := ScheduleCheck(record.Generator{Intended: g.Intended, Unsent: g.Unsent, LagMs: g.LagMs}); !c.OK {
			wrong = append(wrong, named(g, "%s; it was silent for %.1f ms at the longest", c.Text, g.SilentMs))
		}
	}
	return checked("each generator kept its schedule", fmt.Sprintf("lag p99 of the latest is %.1f ms (at most %.1f ms)", worst, record.Milliseconds(lagLimit)), wrong)
}

func clocks(all []record.GeneratorPart, shortest time.Duration) record.Check {
	limit := mostAstray * float64(shortest) / float64(time.Millisecond)
	var wrong []string
	worst := 0.
	for _, g := range all {
		lost := strings.HasPrefix(g.Ended, record.GeneratorLost)
		worst = max(worst, g.UncertaintyMs)
		switch {
		case g.UncertaintyMs > limit && g.DriftMs != nil:
			wrong = append(wrong, named(g, "may be off by %.3f ms: its clock was %.3f ms ahead and had changed by %.3f ms at the end", g.UncertaintyMs, g.OffsetMs, *g.DriftMs))
		case g.UncertaintyMs > limit:
			wrong = append(wrong, named(g, "may be off by %.3f ms", g.UncertaintyMs))
		case g.DriftMs == nil && !lost:
			wrong = append(wrong, named(g, "did not say at the end what time it had: how far its clock has drifted is unknown"))
		}
	}
	c := checked("generators' clocks", fmt.Sprintf("their times are off by %.3f ms at most", worst), wrong)
	c.Text += fmt.Sprintf(" (at most %.3f ms, %g%% of the shortest phase or fault)", limit, 100*mostAstray)
	return c
}

// room tells whether each had as many descriptors as its requests in flight needed: one each, and some beside.
func room(all []record.GeneratorPart) record.Check {
	const beside = 64
	var wrong []string
	for _, g := range all {
		if g.Descriptors != nil && g.MaxInFlight+beside > *g.Descriptors {
			wrong = append(wrong, named(g, "had %d requests in flight, which need some %d file descriptors; %d are allowed (ulimit -n)", g.MaxInFlight, g.MaxInFlight+beside, *g.Descriptors))
		}
	}
	return checked("generators' descriptors", "each had as many as its requests in flight needed", wrong)
}
