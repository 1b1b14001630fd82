package terminal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// shownFaults is how many faults are shown; the rest are counted in a line.
const shownFaults = 6

// faults shows each by its name, when it was on, when users felt it, what part of what crossed met it, and what that was.
func faults(s *sheet, r *record.Result) error {
	g := &grid{columns: []column{
		{name: "FAULT", text: true}, {name: "ON", text: true}, {name: "from"}, {name: "to"},
		{name: "felt after"}, {name: "recovered after"}, {name: "coverage"},
	}}
	shown := r.Faults
	if !s.Verbose {
		shown = shown[:min(shownFaults, len(shown))]
	}
	said := map[string]bool{}
	for _, f := range shown {
		row := g.add(words.Called(f)+words.Lasting(f), f.On, words.At(f.AppliedS), words.At(f.UndoneS), words.Felt(f), words.Recovered(f), coverage(&f.Receipt))
		met := f.Receipt.Text
		if f.Text != words.Called(f) { // it has a name of its own
			met = strings.TrimSuffix(f.Text+": "+met, ": ")
		}
		row.note(met)
		if f.Error != "" {
			row.note(f.Error)
		}
		if f.RecoveryUntold != "" && !said[f.On+f.RecoveryUntold] { // a row of many alike says it once
			said[f.On+f.RecoveryUntold] = true
			row.note("recovery is unknown: " + f.RecoveryUntold)
		}
		if f.ToldWith != "" {
			row.note("it can't be told apart from " + f.ToldWith + ": what was felt is of both")
		}
	}
	for _, a := range r.Actions {
		if a.Who != record.ByPlan {
			row := g.add(words.Did(a), a.On, words.At(&a.AtS), words.At(a.UndoneS), "", "", coverage(a.Receipt))
			if a.Receipt != nil {
				row.note(a.Receipt.Text)
			}
		}
	}
	if err := s.table(g); err != nil {
		return err
	}
	if rest := r.Faults[len(shown):]; len(rest) > 0 {
		line := fmt.Sprintf("and %s (-v)", spell.Plural(int64(len(rest)), "more fault"))
		if i := slices.IndexFunc(rest, func(f record.Fault) bool { return !f.Receipt.Met && f.AppliedS != nil }); i >= 0 {
			line += ", one of which nothing met: " + words.Called(rest[i])
		}
		s.say("", nil, line, s.faint)
	}
	return nil
}

// coverage is of what part of what crossed its edges met a fault, "" where that was not counted.
func coverage(r *record.Receipt) string {
	if r == nil || r.Coverage == nil {
		return ""
	}
	return spell.Percent(*r.Coverage)
}
