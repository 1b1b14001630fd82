// Package sqltext reads SQL as people write it in a scenario: where one statement ends, and where its {parameters} are. It knows
// where texts, quoted names and comments end, and no more of the language.
package sqltext

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Excerpt is how it begins, for people.
func (s Statement) Excerpt() string { return excerpt(s.Text, 60) }

// Dialect is how texts end.
type Dialect int

// The dialects. In MySQL a backslash in a text takes what comes after it as it is.
const (
	Postgres Dialect = iota
	MySQL
)

// Statement is one of several.
type Statement struct {
	Text string
	// Line is where its first word is, from 1.
	Line int
}

// Split cuts a text at the semicolons between statements. What is empty but for comments is none.
func Split(text string, d Dialect) ([]Statement, error) {
	var out []Statement
	var begin, words int // words: where the statement's first word is, begin-1 before there is one
	words = -1
	end := func(at int) {
		if words >= 0 {
			out = append(out, Statement{strings.TrimSpace(text[begin:at]), 1 + strings.Count(text[:words], "\n")})
		}
		begin, words = at+1, -1
	}
	err := d.each(text, func(from, to int, k kind) error {
		switch {
		case k == comment:
		case k == code && text[from] == ';':
			end(from)
		case words < 0 && strings.TrimSpace(text[from:to]) != "":
			words, begin = from, from
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	end(len(text))
	return out, nil
}

// Bound is a statement whose parameters are marks of the database's own, and their names in the order of those.
type Bound struct {
	SQL   string
	Names []string
}

// Bind puts marks in the place of {parameters}: $1, $2 ..., the same for the same name, or ? each time.
func Bind(text string, d Dialect) (Bound, error) {
	var b Bound
	var out strings.Builder
	skip := 0
	err := d.each(text, func(from, to int, k kind) error {
		if from < skip {
			return nil
		}
		if k != code || text[from] != '{' {
			out.WriteString(text[from:to])
			return nil
		}
		name := parameter.FindString(text[from:])
		if name == "" {
			return fmt.Errorf("%s is no {parameter}", excerpt(text[from:], 20))
		}
		skip = from + len(name)
		name = name[1 : len(name)-1]
		n := slices.Index(b.Names, name)
		if n < 0 || d == MySQL {
			n = len(b.Names)
			b.Names = append(b.Names, name)
		}
		if d == MySQL {
			out.WriteByte('?')
		} else {
			fmt.Fprintf(&out, "$%d", n+1)
		}
		return nil
	})
	b.SQL = out.String()
	return b, err
}

// Quoted are the {names} that stand in texts: as they are, no parameters.
func Quoted(text string, d Dialect) (names []string) {
	_ = d.each(text, func(from, to int, k kind) error { // a text that does not end is told by Bind
		if k == quoted {
			for _, name := range anyParameter.FindAllString(text[from:to], -1) {
				names = append(names, name[1:len(name)-1])
			}
		}
		return nil
	})
	return names
}

// parameter is {name} of a path, or {?name} of a query.
var (
	anyParameter = regexp.MustCompile(`\{\??[A-Za-z_][A-Za-z0-9_.-]*\}`)
	parameter    = regexp.MustCompile(`^` + anyParameter.String())
)

// changes are words of statements that change something, wherever they stand in one that begins with WITH.
var (
	changes = regexp.MustCompile(`(?i)\b(insert|update|delete|merge)\b`)
	into    = regexp.MustCompile(`(?i)\binto\b`) // SELECT ... INTO makes a table
)

// Reads tells a statement that changes nothing, as far as its words say.
func Reads(text string, d Dialect) bool {
	var words strings.Builder
	_ = d.each(text, func(from, to int, k kind) error { // what does not end is told by Bind
		if k == code {
			words.WriteString(text[from:to])
		} else {
			words.WriteByte(' ')
		}
		return nil
	})
	fields := strings.Fields(strings.TrimLeft(words.String(), " \t\r\n("))
	if len(fields) == 0 {
		return false
	}
	switch strings.ToLower(fields[0]) {
	case "select":
		return !into.MatchString(words.String())
	case "with":
		return !changes.MatchString(words.String()) && !into.MatchString(words.String())
	case "values", "table", "show":
		return true
	}
	return false
}

func excerpt(s string, most int) string {
	if line, _, more := strings.Cut(s, "\n"); more {
		s = line
	}
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

type kind int

const (
	code kind = iota
	quoted
	comment
)

// each visits a text from its begin to its end: a character of code at a time, a text, quoted name or comment whole.
func (d Dialect) each(text string, visit func(from, to int, k kind) error) error {
	for at := 0; at < len(text); {
		end, k := d.next(text, at)
		if end < 0 {
			return fmt.Errorf("line %d: what begins with %s has no end", 1+strings.Count(text[:at], "\n"), excerpt(text[at:], 20))
		}
		if err := visit(at, end, k); err != nil {
			return err
		}
		at = end
	}
	return nil
}

var dollar = regexp.MustCompile(`^\$([A-Za-z_][A-Za-z0-9_]*)?\$`)

// next is where what begins at a place ends, -1 for nowhere.
func (d Dialect) next(text string, at int) (end int, k kind) {
	rest := text[at:]
	switch {
	case rest[0] == '\'':
		escaped := at > 0 && (text[at-1] == 'E' || text[at-1] == 'e') && (at == 1 || !inWord(text[at-2]))
		return closing(text, at, '\'', d == MySQL || escaped), quoted
	case rest[0] == '"':
		return closing(text, at, '"', d == MySQL), quoted
	case rest[0] == '`' && d == MySQL:
		return closing(text, at, '`', false), quoted
	case strings.HasPrefix(rest, "--"):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			return at + n, comment
		}
		return len(text), comment
	case strings.HasPrefix(rest, "/*"):
		return closingComment(text, at), comment
	case rest[0] == '$' && d == Postgres && (at == 0 || !inWord(text[at-1])):
		if tag := dollar.FindString(rest); tag != "" {
			n := strings.Index(rest[len(tag):], tag)
			if n < 0 {
				return -1, quoted
			}
			return at + n + 2*len(tag), quoted
		}
	}
	return at + 1, code
}

func inWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// closing is after the quote that ends what begins at a place; a doubled one does not.
func closing(text string, at int, quote byte, backslash bool) int {
	for i := at + 1; i < len(text); i++ {
		switch {
		case backslash && text[i] == '\\':
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return -1
}

// closingComment is after the end of a comment, those in it included.
func closingComment(text string, at int) int {
	depth := 0
	for i := at; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth, i = depth+1, i+1
		case "*/":
			if depth, i = depth-1, i+1; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}
