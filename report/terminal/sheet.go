package terminal

import (
	"bytes"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// sheet is a report as it is written, each line with a margin.
type sheet struct {
	b bytes.Buffer
	View
	paint
}

func newSheet(v View) *sheet {
	if v.Width == 0 {
		v.Width = DefaultWidth
	}
	v.Width = max(v.Width, narrowest)
	return &sheet{View: v, paint: paint(v.Color)}
}

// room is how many columns a line has beside its margin.
func (s *sheet) room() int { return s.Width - 1 }

// line writes one that fits; what is painted may end in blanks.
func (s *sheet) line(text string) {
	if text = strings.TrimRight(text, " "); text != "" {
		s.b.WriteString(" ")
		s.b.WriteString(text)
	}
	s.b.WriteString("\n")
}

// say writes a sentence after its lead, broken between words. Its later lines stand a little in.
func (s *sheet) say(lead string, leadPaint func(string) string, text string, textPaint func(string) string) {
	in := len(lead) - len(strings.TrimLeft(lead, " "))
	if in < len(lead) {
		in += 2
	}
	lines := broken(text, min(s.room(), mostProse), twwidth.Width(lead), in)
	for i, line := range lines {
		if i == 0 {
			s.line(painted(leadPaint, lead) + painted(textPaint, line))
		} else {
			s.line(strings.Repeat(" ", in) + painted(textPaint, line))
		}
	}
}

func painted(with func(string) string, text string) string {
	if with == nil {
		return text
	}
	return with(text)
}

// tie is a blank at which no line is broken: a no-break space while a text is laid out.
const tie = "\u00a0"

// tied keeps a name on one line.
func tied(name string) string { return strings.ReplaceAll(name, " ", tie) }

// broken breaks a text between words, so that its first line fits behind first columns and the others behind in. A word that is
// longer than a line is broken itself.
func broken(text string, width, first, in int) []string {
	var lines []string
	line, used, left := "", 0, width-first
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' }) {
		for {
			w := twwidth.Width(word)
			switch {
			case used > 0 && used+1+w <= left:
				line, used = line+" "+word, used+1+w
			case used == 0 && w <= left:
				line, used = word, w
			case used == 0 && len(lines) > 0 || used == 0 && width-in <= left: // longer than a line has room for
				var head string
				head, word = cut(word, left)
				lines, left = append(lines, head), width-in
				continue
			default:
				lines, line, used, left = append(lines, line), "", 0, width-in
				continue
			}
			break
		}
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], tie, " ")
	}
	return lines
}

// cut is the part of a word that fits a width, one sign at least, and the rest.
func cut(word string, width int) (head, rest string) {
	used := 0
	for i, r := range word {
		w := twwidth.Width(string(r))
		if i > 0 && used+w > width {
			return word[:i], word[i:]
		}
		used += w
	}
	return word, ""
}

// shortened is a text of so many columns at most: what is left out of its middle is a sign.
func shortened(text string, width int) string {
	if twwidth.Width(text) <= width {
		return text
	}
	signs := []rune(text)
	half := (width - 1) / 2
	head, _ := cut(text, width-1-half)
	tail, used := "", 0
	for i := len(signs) - 1; i >= 0; i-- {
		w := twwidth.Width(string(signs[i]))
		if used+w > half {
			break
		}
		tail, used = string(signs[i])+tail, used+w
	}
	return head + "…" + tail
}
