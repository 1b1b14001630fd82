package terminal

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// trust is what the run says of itself: how well the generator kept its schedule, what was read back, and the checks.
func trust(s *sheet, r *record.Result) error {
	s.line("")
	g := r.Generator
	s.labelled("Generator", fmt.Sprintf("%s sent of %s intended, late by %s at p99 (%s at most), %s unsent, %s in flight at most",
		spell.PerSecond(g.AchievedRate), spell.PerSecond(g.IntendedRate), spell.Milliseconds(g.LagMs.P99), spell.Milliseconds(g.LagMs.Max),
		spell.Count(g.Unsent), spell.Count(g.MaxInFlight)))
	if g.Unknown > 0 {
		s.labelled("Unknown", fmt.Sprintf("of %s nobody knows what became: they are in no other figure", spell.Plural(g.Unknown, "request")))
	}
	for i, line := range words.Generators(r.Generators) {
		label := ""
		if i == 0 {
			label = spell.Plural(int64(len(r.Generators)), "generator")
		}
		s.labelled(label, line)
	}
	for _, stall := range g.Stalls {
		s.labelled("Stall", fmt.Sprintf("the users of %s stood still for %s of their time (%s at most) and sent about %s requests fewer: "+
			"a closed load omits those, and no latency has them",
			stall.Load, spell.Percent(stall.TimeShare), spell.Seconds(stall.LongestS), spell.Count(stall.NotSent)))
	}
	s.writes(r.Writes)
	held := 0
	for _, c := range r.Checks {
		if c.OK {
			held++
			continue
		}
		s.say("✗ check ", s.red, c.Name+": "+c.Text, nil)
	}
	if len(r.Checks) > 0 {
		s.labelled("Checks", fmt.Sprintf("%d of %d of the run's own checks hold", held, len(r.Checks)))
	}
	return nil
}

func (s *sheet) writes(w record.Writes) {
	switch {
	case w.Checked && w.Acknowledged+w.Duplicated == 0:
		s.labelled("Writes", "none acknowledged")
	case w.Checked:
		s.labelled("Writes", fmt.Sprintf("%s acknowledged, %s lost, %s duplicated", spell.Count(w.Acknowledged), spell.Count(w.Lost), spell.Count(w.Duplicated)))
	case w.Acknowledged > 0 || w.Why != "":
		s.labelled("Writes", fmt.Sprintf("%s acknowledged, not read back: %s", spell.Count(w.Acknowledged), w.Why))
	}
	for _, one := range w.Loads {
		s.labelled("Writes of "+one.Load, words.Account(one))
	}
	if w.Checked && w.Events > 0 {
		s.labelled("Events", fmt.Sprintf("%s, %s lost, %s duplicated, %s still in an outbox",
			spell.Count(w.Events), spell.Count(w.EventsLost), spell.Count(w.EventsDuplicated), spell.Count(w.EventsPending)))
	}
}

func (s *sheet) labelled(label, text string) { s.say(label+" ", s.bold, text, nil) }
