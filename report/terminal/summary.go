package terminal

import (
	"fmt"
	"io"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// Standing is how the runs of one scenario and variant stand to what was expected of them.
type Standing int

// The standings, best first.
const (
	AsExpected Standing = iota
	NotAsExpected
	Untold
	CutShort
)

// Line is the runs of one scenario and variant in a summary.
type Line struct {
	Standing Standing
	// Why is their verdict's reason, in a sentence.
	Why  string
	Runs []*record.Result
	// Folders of the runs, in their order.
	Folders []string
}

// Summary writes a line for each scenario and variant, in the order given, and below what is not as expected its first finding and
// where its runs are.
func Summary(w io.Writer, lines []Line, v View) error {
	s := newSheet(v)
	counts := map[Standing]int{}
	for _, l := range lines {
		counts[l.Standing]++
	}
	s.line("")
	said := fmt.Sprintf("%d of %d as expected", counts[AsExpected], len(lines))
	if n := counts[NotAsExpected]; n > 0 {
		said += fmt.Sprintf(", %d not", n)
	}
	if n := counts[Untold] + counts[CutShort]; n > 0 {
		said += fmt.Sprintf(", %d can't be told", n)
	}
	s.labelled("Summary", said)
	for _, l := range lines {
		s.summed(l)
	}
	s.line("")
	_, err := w.Write(s.b.Bytes())
	return err
}

func (s *sheet) summed(l Line) {
	mark := map[Standing]string{AsExpected: s.green("✓"), NotAsExpected: s.red("✗"), Untold: s.yellow("?"), CutShort: s.yellow("-")}[l.Standing]
	title := words.Title(l.Runs[0])
	for i, line := range broken(title+"  "+l.Why, min(s.room(), mostProse), 2, 4) {
		switch {
		case i > 0:
			s.line("    " + line)
		case len(line) > len(title) && line[:len(title)] == title:
			s.line(mark + " " + s.bold(title) + " " + line[len(title):])
		default:
			s.line(mark + " " + line)
		}
	}
	if l.Standing == AsExpected && len(l.Runs) == 1 && !s.Verbose {
		return
	}
	if r := l.Runs[0]; len(l.Runs) == 1 && len(r.Findings) > 0 {
		f := r.Findings[0]
		s.say("  ", nil, fmt.Sprintf("%s: %s, %s", f.Kind, f.Where, words.Toll(f)), nil)
	}
	for i, folder := range l.Folders {
		s.say("  ", nil, fmt.Sprintf("%s, seed %d, %s: %s", l.Runs[i].Verdict, l.Runs[i].Seed, spell.Seconds(l.Runs[i].DurationS), folder), s.faint)
	}
}
