package recording

import (
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// pace is what a person made of a load's rate for a while: so many times the plan's, or where times is 0 a rate of its own. Times are of the run; to
// is 0 where it was so until the end.
type pace struct {
	from, to    time.Duration
	times, rate float64
}

// paceOf reads an action that changed a load's rate.
func paceOf(a record.Action) (load string, p pace, is bool) {
	load, is = strings.CutPrefix(a.On, "load ")
	if !is || a.Phase != "" || a.Fault != "" {
		return "", pace{}, false
	}
	p.from = millis(a.AtS)
	if a.UndoneS != nil {
		p.to = millis(*a.UndoneS)
	}
	var err error
	if times, many := strings.CutPrefix(a.What, "x"); many {
		p.times, err = strconv.ParseFloat(times, 64)
	} else if rate, each := strings.CutSuffix(a.What, "/s"); each {
		p.rate, err = strconv.ParseFloat(rate, 64)
	} else {
		return "", pace{}, false
	}
	return load, p, err == nil
}

// paced are stages by the run's time with what people made of their rates.
func paced(stages []scenarios.Stage, paces []pace, total time.Duration) []scenarios.Stage {
	var out []scenarios.Stage
	at := time.Duration(0)
	for _, p := range paces {
		if p.from >= p.to {
			continue
		}
		out = append(out, cut(stages, at, p.from)...)
		for _, s := range cut(stages, p.from, p.to) {
			if p.times > 0 {
				s.From, s.To = s.From*p.times, s.To*p.times
			} else {
				s.From, s.To = p.rate, p.rate
			}
			out = append(out, s)
		}
		at = p.to
	}
	return append(out, cut(stages, at, total)...)
}
