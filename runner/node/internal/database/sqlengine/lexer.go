package sqlengine

import (
	"strconv"
	"strings"
)

// kind is what sort of token one is.
type kind uint8

const (
	word     kind = iota // an identifier or a keyword, in small letters
	quoted               // an identifier in double quotes, as it stands between them
	text                 // a string, as it means
	numeral              // a number
	param                // $1
	operator             // all else
)

// token is one word of a statement.
type token struct {
	kind kind
	text string
	// at is where it began, in bytes from 0.
	at int
}

// is tells whether it is the keyword or the operator.
func (t token) is(what string) bool { return (t.kind == word || t.kind == operator) && t.text == what }

// name tells whether it may be a name.
func (t token) name() bool { return t.kind == word || t.kind == quoted }

// sql is the token as SQLite reads it.
func (t token) sql() string {
	switch t.kind {
	case quoted:
		return `"` + strings.ReplaceAll(t.text, `"`, `""`) + `"`
	case text:
		return quote(t.text)
	case param:
		return "?" + t.text
	default:
		return t.text
	}
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// render puts tokens together again.
func render(tokens []token) string {
	var b strings.Builder
	for n, t := range tokens {
		if n > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.sql())
	}
	return b.String()
}

// operators of more than one sign, longest first.
var operators = []string{"->>", "#>>", "!~*", "::", "||", "<=", ">=", "<>", "!=", "->", "#>", "@>", "<@", "~*", "!~", ":="}

// scanner cuts a text into tokens as PostgreSQL does.
type scanner struct {
	sql string
	at  int
}

// lex is every statement of a text, each without its semicolon; empty ones are left out.
func lex(sql string) ([][]token, error) {
	s := &scanner{sql: sql}
	var statements [][]token
	var current []token
	for {
		s.space()
		if s.at >= len(s.sql) {
			break
		}
		t, err := s.next()
		if err != nil {
			return nil, err
		}
		if t.is(";") {
			if len(current) > 0 {
				statements = append(statements, current)
			}
			current = nil
			continue
		}
		current = append(current, t)
	}
	if len(current) > 0 {
		statements = append(statements, current)
	}
	return statements, nil
}

// space passes over white space and comments.
func (s *scanner) space() {
	for s.at < len(s.sql) {
		rest := s.sql[s.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f", rest[0]) >= 0:
			s.at++
		case strings.HasPrefix(rest, "--"):
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				s.at += n + 1
			} else {
				s.at = len(s.sql)
			}
		case strings.HasPrefix(rest, "/*"):
			s.at += comment(rest)
		default:
			return
		}
	}
}

// comment is the length of one at the start of s. PostgreSQL's may stand within another.
func comment(s string) int {
	depth := 0
	for n := 0; n < len(s)-1; n++ {
		switch s[n : n+2] {
		case "/*":
			depth++
			n++
		case "*/":
			depth--
			n++
			if depth == 0 {
				return n + 1
			}
		}
	}
	return len(s)
}

func (s *scanner) next() (token, error) {
	start, rest := s.at, s.sql[s.at:]
	made := func(k kind, text string, length int) (token, error) {
		s.at = start + length
		return token{kind: k, text: text, at: start}, nil
	}
	switch c := rest[0]; {
	case c == '\'':
		value, length, err := stringLiteral(rest, false)
		if err != nil {
			return token{}, err
		}
		return made(text, value, length)
	case (c == 'E' || c == 'e') && strings.HasPrefix(rest[1:], "'"):
		value, length, err := stringLiteral(rest[1:], true)
		if err != nil {
			return token{}, err
		}
		return made(text, value, length+1)
	case c == '"':
		end := 1
		for end < len(rest) && (rest[end] != '"' || strings.HasPrefix(rest[end:], `""`)) {
			if rest[end] == '"' {
				end++
			}
			end++
		}
		if end >= len(rest) {
			return token{}, &Error{Code: "42601", Message: "unterminated quoted identifier at or near " + excerpt(rest)}
		}
		return made(quoted, strings.ReplaceAll(rest[1:end], `""`, `"`), end+1)
	case c == '$':
		return s.dollar(rest, made)
	case digit(c) || c == '.' && len(rest) > 1 && digit(rest[1]):
		length := number10(rest)
		return made(numeral, rest[:length], length)
	case letter(c):
		length := 1
		for length < len(rest) && (letter(rest[length]) || digit(rest[length]) || rest[length] == '$') {
			length++
		}
		return made(word, strings.ToLower(rest[:length]), length)
	}
	for _, o := range operators {
		if strings.HasPrefix(rest, o) {
			return made(operator, o, len(o))
		}
	}
	if strings.IndexByte("()[],;.:+-*/%^<>=~!@#&|?`", rest[0]) < 0 {
		return token{}, &Error{Code: "42601", Message: "syntax error at or near " + excerpt(rest)}
	}
	return made(operator, rest[:1], 1)
}

// dollar is a parameter or a string between dollars.
func (s *scanner) dollar(rest string, made func(kind, string, int) (token, error)) (token, error) {
	length := 1
	for length < len(rest) && digit(rest[length]) {
		length++
	}
	if length > 1 {
		n, err := strconv.Atoi(rest[1:length])
		if err != nil || n < 1 || n > 65535 {
			return token{}, &Error{Code: "42P02", Message: "there is no parameter " + rest[:length]}
		}
		return made(param, strconv.Itoa(n), length)
	}
	end := strings.IndexByte(rest[1:], '$')
	if end >= 0 {
		tag := rest[:end+2]
		if close := strings.Index(rest[len(tag):], tag); close >= 0 {
			return made(text, rest[len(tag):len(tag)+close], 2*len(tag)+close)
		}
	}
	return token{}, &Error{Code: "42601", Message: "unterminated dollar-quoted string at or near " + excerpt(rest)}
}

// stringLiteral is what a literal at the start of s means, and its length; escapes: backslashes mean something.
func stringLiteral(s string, escapes bool) (string, int, error) {
	var b strings.Builder
	for n := 1; n < len(s); n++ {
		switch {
		case s[n] == '\'' && n+1 < len(s) && s[n+1] == '\'':
			b.WriteByte('\'')
			n++
		case s[n] == '\'':
			return b.String(), n + 1, nil
		case s[n] == '\\' && escapes && n+1 < len(s):
			n++
			if at := strings.IndexByte("bfnrt", s[n]); at >= 0 {
				b.WriteByte("\b\f\n\r\t"[at])
			} else {
				b.WriteByte(s[n])
			}
		default:
			b.WriteByte(s[n])
		}
	}
	return "", 0, &Error{Code: "42601", Message: "unterminated quoted string at or near " + excerpt(s)}
}

func number10(s string) int {
	n := 0
	for n < len(s) {
		switch {
		case digit(s[n]) || s[n] == '.':
		case (s[n] == 'e' || s[n] == 'E') && n+1 < len(s) && (digit(s[n+1]) || n+2 < len(s) && (s[n+1] == '-' || s[n+1] == '+') && digit(s[n+2])):
			n++
		default:
			return n
		}
		n++
	}
	return n
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c >= 0x80 }

// excerpt is the beginning of a statement's rest, for an error.
func excerpt(s string) string {
	const most = 40
	if first, _, more := strings.Cut(s, "\n"); more {
		s = first
	}
	if len(s) > most {
		s = s[:most]
	}
	return `"` + s + `"`
}
