package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// judgeBounds measures each bound of an expectation once and holds it against its figure. It says of each that did not hold what
// was measured, what was expected, and which faults were on meanwhile.
func judgeBounds(out *record.Expectation, r *record.Result, e scenarios.Expectation) (because []string) {
	var measured, doubts []string
	for _, b := range e.Bounds {
		j := judgeBound(r, e, b)
		measured = append(measured, j.measured)
		switch j.showing {
		case refuted:
			because = append(because, j.why)
			out.Missed = mostMissed(out.Missed, missed(r, e, b))
		case unclear:
			doubts = append(doubts, j.why)
		}
	}
	out.Measured = strings.Join(measured, ", ")
	switch {
	case len(because) > 0:
		out.Holds = ref(false)
	case len(doubts) > 0:
		out.Why = strings.Join(doubts, "; ")
	default:
		out.Holds = ref(true)
	}
	return because
}

// judgedBound is one bound held against its figure: what was measured, what that shows, and why it is not shown to hold.
type judgedBound struct {
	measured string
	showing  showing
	why      string
}

func judgeBound(r *record.Result, e scenarios.Expectation, b scenarios.Bound) judgedBound {
	f, err := figureOf(r, e, b.Metric)
	if err != nil {
		return untoldBound(r, e, b, err)
	}
	out := judgedBound{measured: string(b.Metric) + " " + Spell(b.Metric, f.value)}
	switch {
	case b.Metric.Facts().Unit == metric.Share:
		if out.showing = judgeShare(f.hits, f.n, b, confidence(e)); out.showing == unclear {
			out.why = unsure(e, b, f, out.measured)
		}
	default:
		lag := lagIn(r.Generator, b.Metric)
		with, without := b.Keeps(f.value), b.Keeps(max(f.value-lag, 0))
		switch {
		case with && without:
			out.showing = shown
		case with == without:
			out.showing = refuted
		default:
			out.why = fmt.Sprintf("%s: the generator's own lag of up to %s decides it", out.measured, milliseconds(lag*1000))
		}
	}
	if out.showing == refuted {
		out.why = broken(r, e, b, Spell(b.Metric, f.value))
	}
	return out
}

// untoldBound is a bound whose figure is unknown. Too few for a percentile may still be too slow for its bound.
func untoldBound(r *record.Result, e scenarios.Expectation, b scenarios.Bound, err error) judgedBound {
	out := judgedBound{measured: "unknown", why: err.Error()}
	if isTooFew(err) {
		out.measured = string(b.Metric) + " unknown"
		if slower, refute := fewRefute(r, e, b); refute {
			out.showing = refuted
			out.why = broken(r, e, b, fmt.Sprintf("unknown (%s), with %d above %s", err, slower, Spell(b.Metric, b.Value)))
		}
	}
	return out
}

// unsure says between what a share may lie, and so why its sample does not show whether it keeps its bound.
func unsure(e scenarios.Expectation, b scenarios.Bound, f figure, measured string) string {
	may := fmt.Sprintf("as low as %.2f%%", math.Floor(lowest(f.hits, f.n, confidence(e))*1e4)/100)
	if keeps := b.Keeps(f.value); (b.Op == "<" || b.Op == "<=") == keeps {
		may = fmt.Sprintf("as high as %.2f%%", math.Ceil(highest(f.hits, f.n, confidence(e))*1e4)/100)
	}
	return fmt.Sprintf("%s of %s: with %s confidence it may be %s, expected %s %s",
		measured, count(f.n), percent(confidence(e)), may, b.Op, Spell(b.Metric, b.Value))
}

// broken says what a bound's figure was and should have been.
func broken(r *record.Result, e scenarios.Expectation, b scenarios.Bound, measured string) string {
	of := e.Of
	if of == "" || of == "all" {
		of = "all requests"
	}
	s := fmt.Sprintf("%s of %s was %s", b.Metric, of, measured)
	if !within(e.In, "") {
		s += " in " + e.In
	}
	s += fmt.Sprintf(", expected %s %s", b.Op, Spell(b.Metric, b.Value))
	if on := during(r, e.In); on != "" {
		s += " (while " + on + ")"
	}
	return s
}

// during lists the faults of a phase.
func during(r *record.Result, phase string) string {
	var on []string
	for _, f := range r.Faults {
		if f.Phase == phase || slices.Contains(f.AlsoIn, phase) {
			on = append(on, f.Text+" on "+f.On)
		}
	}
	return strings.Join(on, ", ")
}

// lagIn is how much of a latency may be the generator's lag, in seconds: latency counts from the
// intended time, so that what users felt lies between the measured value less the lag and the value.
func lagIn(g record.Generator, m metric.Name) float64 {
	switch facts := m.Facts(); {
	case !facts.Latency():
		return 0
	case m == metric.Max || facts.Percentile > 99:
		return g.LagMs.Max / 1000
	}
	return g.LagMs.P99 / 1000
}
