package terminal

import (
	"fmt"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// How much of the verdict is shown where there is more.
const (
	shownReasons = 5
	// shownExpectations is how many lines of expect are shown all; of more, those that hold are counted.
	shownExpectations = 8
)

// verdict says how the run ended and why, and holds each expectation against what was measured.
func verdict(s *sheet, r *record.Result) error {
	s.line("")
	title := words.Title(r)
	about := fmt.Sprintf("%s engine, seed %d, %s, run %s", r.Engine, r.Seed, spell.Seconds(r.DurationS), r.Run)
	plain := twwidth.Width(paint(false).badge(r.Verdict)) + 1 + twwidth.Width(title)
	switch badge := s.badge(r.Verdict) + " "; {
	case plain+2+twwidth.Width(about) <= s.room():
		s.line(badge + s.bold(title) + "  " + s.faint(about))
	case plain <= s.room():
		s.line(badge + s.bold(title))
		s.say("", nil, about, s.faint)
	default:
		s.line(badge)
		s.say("", nil, title, s.bold)
		s.say("", nil, about, s.faint)
	}
	if r.About != "" {
		s.say("", nil, r.About, s.faint)
	}
	for _, p := range words.Particulars(r) {
		s.say(p[0]+": ", s.faint, p[1], nil)
	}
	s.line("")
	if r.Verdict != record.Pass {
		s.reasons(r)
	}
	s.expectations(r)
	return nil
}

func (s *sheet) reasons(r *record.Result) {
	shown := r.Reasons
	if !s.Verbose {
		shown = shown[:min(shownReasons, len(shown))]
	}
	for _, reason := range shown {
		s.say("  ", nil, reason, s.bold)
	}
	if rest := len(r.Reasons) - len(shown); rest > 0 {
		s.say("  ", nil, fmt.Sprintf("and %d more (-v)", rest), s.faint)
	}
	s.line("")
}

// expectations stand in two columns where each line has room for both.
func (s *sheet) expectations(r *record.Result) {
	wide, folded := 0, 0
	var shown []record.Expectation
	for _, e := range r.Expectations {
		if !s.Verbose && len(r.Expectations) > shownExpectations && e.Holds != nil && *e.Holds {
			folded++
			continue
		}
		shown = append(shown, e)
	}
	for _, e := range shown {
		if w := twwidth.Width(e.Text); 2+w+2+twwidth.Width(words.Measured(e)) <= s.room() {
			wide = max(wide, w)
		}
	}
	for _, e := range shown {
		mark, got := s.marked(e.Holds)+" ", words.Measured(e)
		switch w := twwidth.Width(e.Text); {
		case 2+max(w, wide)+2+twwidth.Width(got) <= s.room():
			s.line(mark + fmt.Sprintf("%s%*s", e.Text, max(wide-w, 0)+2, "") + s.faint(got))
		default:
			for i, line := range broken(e.Text, s.room(), 2, 2) {
				if i > 0 {
					mark = "  "
				}
				s.line(mark + line)
			}
			s.say("    ", nil, got, s.faint)
		}
	}
	if folded > 0 {
		s.line(s.marked(ref(true)) + " " + s.faint(fmt.Sprintf("%d more hold (-v)", folded)))
	}
}

func (s *sheet) marked(holds *bool) string {
	mark := words.Mark(holds)
	switch {
	case holds == nil:
		return s.yellow(mark)
	case *holds:
		return s.green(mark)
	}
	return s.red(mark)
}

func ref[T any](v T) *T { return &v }
