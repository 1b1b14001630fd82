package source

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Render shows problems for a terminal: each with its line of the file and a caret under the
// place. data is the file that they are about; a problem whose place it does not have goes without.
//
//	shop.yaml:12:7: unknown key "tiemout" in a step; did you mean "timeout"?
//	   11 |     - call: payments POST /charge
//	   12 |       tiemout: 300ms
//	      |       ^^^^^^^
func Render(problems Problems, data []byte) string {
	var out strings.Builder
	for i, p := range problems {
		if i > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(p.Error())
		out.WriteByte('\n')
		snippet(&out, p, data)
	}
	return out.String()
}

// widest is how much of a source line is shown.
const widest = 160

func snippet(out *strings.Builder, p Problem, data []byte) {
	if len(data) == 0 || p.Line < 1 || p.Line > bytes.Count(data, []byte("\n"))+1 {
		return
	}
	line := sourceLine(data, p.Line)
	if p.Line > 1 {
		if before := sourceLine(data, p.Line-1); strings.TrimSpace(before) != "" {
			fmt.Fprintf(out, "%5d | %s\n", p.Line-1, clip(before))
		}
	}
	fmt.Fprintf(out, "%5d | %s\n", p.Line, clip(line))
	runes := []rune(line)
	if p.Column < 1 || p.Column > len(runes)+1 || p.Column > widest {
		return
	}
	// Tabs stay tabs, so that the caret stands where the terminal shows the place.
	lead := strings.Map(func(c rune) rune {
		if c == '\t' {
			return c
		}
		return ' '
	}, string(runes[:p.Column-1]))
	fmt.Fprintf(out, "      | %s%s\n", lead, strings.Repeat("^", caret(runes[p.Column-1:])))
}

// caret is how long the word is that begins here.
func caret(rest []rune) int {
	if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
		for i := 1; i < len(rest) && i < widest; i++ {
			if rest[i] == rest[0] {
				return i + 1
			}
		}
	}
	n := 0
	for n < len(rest) && n < widest && !strings.ContainsRune(" \t,:[]{}#", rest[n]) {
		n++
	}
	return max(n, 1)
}

func clip(line string) string {
	clean := strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' || c == 0x7f {
			return ' '
		}
		return c
	}, line)
	if utf8.RuneCountInString(clean) > widest {
		return string([]rune(clean)[:widest]) + "..."
	}
	return clean
}

// sourceLine is a line of the file by its number from 1, without its end.
func sourceLine(data []byte, number int) string {
	for range number - 1 {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return ""
		}
		data = data[i+1:]
	}
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		data = data[:i]
	}
	return strings.TrimSuffix(string(data), "\r")
}
