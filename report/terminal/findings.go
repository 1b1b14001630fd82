package terminal

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// shownFindings is how many findings are shown; the rest are named in a line.
const shownFindings = 3

// findings say why: what was lost by most comes first, each with whom it hit, its figures and what the library has for it.
func findings(s *sheet, r *record.Result) error {
	if len(r.Findings) == 0 {
		return nil
	}
	s.line("")
	shown := r.Findings
	if !s.Verbose {
		shown = shown[:min(shownFindings, len(shown))]
	}
	one := !words.SeveralLoads(r)
	way := ""
	for i, f := range shown {
		toll := words.Toll(f) + words.Whose(f, one, tied)
		if i > 0 && f.Lost > 0 && words.Toll(shown[i-1])+words.Whose(shown[i-1], one, tied) == toll {
			toll = fmt.Sprintf("the same %s requests", spell.Count(f.Lost))
		}
		spread := words.Spread(f.Spread)
		if spread == way { // said above
			spread = ""
		}
		s.finding(f, toll, spread)
		way = cmp.Or(spread, way)
	}
	if rest := r.Findings[len(shown):]; len(rest) > 0 {
		var names []string
		for _, f := range rest {
			names = append(names, f.Kind+": "+f.Where)
		}
		s.say("", nil, "and "+strings.Join(names, "; ")+" (-v)", s.faint)
	}
	return nil
}

// mostHeld is how many mechanisms are told of in a phase, unless all is asked for.
const mostHeld = 3

// held says what the architecture kept from its users while faults were on, and refused by rule.
func held(s *sheet, r *record.Result) error {
	most := mostHeld
	if s.Verbose {
		most = len(r.Absorbed)
	}
	phases, sentences := words.Held(r, most)
	if len(phases) > 0 {
		s.line("")
	}
	for i, phase := range phases {
		s.say("held in "+phase+": ", s.faint, sentences[i], nil)
	}
	return nil
}

func (s *sheet) finding(f record.Finding, toll, spread string) {
	s.say("", nil, f.Kind+": "+f.Where, s.bold)
	s.say("  ", nil, toll, nil)
	s.say("  because ", s.faint, f.Because, nil)
	if s.Verbose {
		for _, e := range f.Evidence {
			s.say("  - ", s.faint, e, nil)
		}
	} else if len(f.Evidence) > 0 {
		s.say("  shown by ", s.faint, strings.Join(f.Evidence, "; "), nil)
	}
	if spread != "" {
		s.say("  ", nil, spread, nil)
	}
	if len(f.Try) == 0 {
		return
	}
	first := f.Try[0]
	also := ""
	if more := f.Try[1:]; len(more) > 0 {
		names := make([]string, len(more))
		for i, m := range more {
			names[i] = m.Pattern
		}
		also = fmt.Sprintf(" Or %s.", strings.Join(names, ", "))
	}
	s.say("  try ", s.faint, first.Pattern+": "+first.About+also, nil)
	if s.Verbose {
		s.say("  see ", s.faint, first.Example, nil)
	}
}
