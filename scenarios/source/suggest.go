package source

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Nearest is the known word closest to a mistyped one, "" if none is close: at most a third of
// its letters apart, or one the beginning of the other.
func Nearest(word string, known []string) string {
	if len(word) < 2 || len(word) > 64 {
		return ""
	}
	best, least := "", 1+max(1, utf8.RuneCountInString(word)/3)
	lower := strings.ToLower(word)
	bare := joined.Replace(lower)
	for _, k := range known {
		d := distance(lower, strings.ToLower(k))
		if len(lower) >= 3 && len(k) >= 3 && (strings.HasPrefix(k, lower) || strings.HasPrefix(lower, k)) {
			d = min(d, 1)
		}
		if bare != lower && bare == joined.Replace(strings.ToLower(k)) { // p99.9, time-out
			d = 0
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// joined takes out what only joins the parts of a word.
var joined = strings.NewReplacer(".", "", "-", "", "_", "", " ", "")

// distance counts the edits between two words: a letter added, left out, changed, or two swapped.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// listed are the most words that a fix spells out.
const listed = 14

// DidYouMean is the fix for a wrong word: the nearest known one, and all of them where they are few.
func DidYouMean(word string, known []string, noun string) string {
	near := Nearest(word, known)
	few := len(known) > 0 && len(known) <= listed
	switch {
	case near != "" && few && len(known) > 1:
		return fmt.Sprintf("did you mean %q? %s: %s", near, noun, strings.Join(known, ", "))
	case near != "":
		return fmt.Sprintf("did you mean %q?", near)
	case few:
		return fmt.Sprintf("%s: %s", noun, strings.Join(known, ", "))
	default:
		return ""
	}
}

// Shorten keeps messages to one line of a sane length.
func Shorten(s string) string {
	const most = 60
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 {
			return ' '
		}
		return c
	}, s)
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "..."
	}
	return s
}

func QuoteShort(s string) string { return fmt.Sprintf("%q", Shorten(s)) }

// ShortList spells out a few names of many.
func ShortList(names []string) string {
	if more := len(names) - listed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:listed], ", "), more)
	}
	return strings.Join(names, ", ")
}
