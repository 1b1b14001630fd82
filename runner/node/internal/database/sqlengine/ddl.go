package sqlengine

import (
	"slices"
	"strings"
)

// create makes CREATE TABLE SQLite's: types in their canonical names, each column held to its type (SQLite by
// itself takes any value anywhere), numbers for SERIAL and IDENTITY, defaults in brackets.
func (r *rewriting) create() error {
	open := find(r.tokens, 0, "(")
	for n, t := range r.tokens {
		if t.is("(") {
			open = n
			break
		}
	}
	if open < 0 || slices.ContainsFunc(r.tokens[:open], func(t token) bool { return t.is("as") }) {
		return nil
	}
	close := closing(r.tokens, open)
	if tail := r.tokens[min(close+1, len(r.tokens)):]; len(tail) > 0 {
		return unsupported("what follows the columns of a table: " + excerpt(render(tail)))
	}
	var with []token
	for n, part := range split(r.tokens[open+1 : close]) {
		if n > 0 {
			with = append(with, sign(","))
		}
		made, err := columnDefinition(part)
		if err != nil {
			return err
		}
		with = append(with, made...)
	}
	r.replace(open+1, close, with...)
	return nil
}

var tableConstraints = words("constraint primary unique check foreign exclude like")

// columnDefinition is one column of a table's, or a constraint of the table.
func columnDefinition(part []token) ([]token, error) {
	if len(part) < 2 || part[0].kind == word && tableConstraints[part[0].text] {
		return withoutMatch(part), nil
	}
	name := token{kind: quoted, text: part[0].text}
	if numbered, rest := serial(part[1:]); numbered {
		if find(rest, 0, "primary") < 0 {
			return nil, unsupported("SERIAL or IDENTITY of a column that is not the primary key")
		}
		made := []token{name, keywordToken(rowID), keywordToken("PRIMARY"), keywordToken("KEY"), keywordToken("AUTOINCREMENT")}
		return made, nil
	}
	t, end, err := typeAt(part, 1)
	if err != nil {
		return nil, err
	}
	made := []token{name, keywordToken(t.name)}
	rest := defaults(part[end:])
	made = append(made, rest...)
	if find(rest, 0, "primary") >= 0 {
		made = append(made, keywordToken("NOT"), keywordToken("NULL"))
	}
	return append(made, check(name, t)...), nil
}

// serial tells whether a column numbers its rows, and what its definition says besides.
func serial(definition []token) (numbered bool, rest []token) {
	switch definition[0].text {
	case "serial", "bigserial", "smallserial", "serial4", "serial8", "serial2":
		return true, definition[1:]
	}
	at := find(definition, 0, "generated")
	if at < 1 {
		return false, nil
	}
	identity := find(definition, at, "identity")
	if identity < 0 {
		return false, nil
	}
	end := identity + 1
	if end < len(definition) && definition[end].is("(") {
		end = closing(definition, end) + 1
	}
	return true, append(slices.Clone(definition[1:at]), definition[end:]...)
}

// defaults puts DEFAULT's expression into brackets.
func defaults(rest []token) []token {
	at := find(rest, 0, "default")
	if at < 0 {
		return withoutMatch(rest)
	}
	end := find(rest, at+1, "not", "null", "primary", "unique", "check", "references", "constraint", "collate", "generated")
	if end == at+1 { // DEFAULT NULL
		end = find(rest, at+2, "not", "null", "primary", "unique", "check", "references", "constraint", "collate", "generated")
	}
	if end < 0 {
		end = len(rest)
	}
	made := append(slices.Clone(rest[:at+1]), sign("("))
	made = append(made, rest[at+1:end]...)
	made = append(made, sign(")"))
	return append(made, withoutMatch(rest[end:])...)
}

// withoutMatch is a constraint as it stands.
func withoutMatch(rest []token) []token { return slices.Clone(rest) }

// check holds a column to its type.
func check(name token, t sqlType) []token {
	var kinds string
	switch t.name {
	case "int2", "int4", "int8", "bool":
		kinds = "'integer', 'null'"
	case "float4", "float8", "numeric":
		kinds = "'integer', 'real', 'null'"
	case "varchar", "bpchar":
		if t.length == "" {
			return nil
		}
		return constraint(t.name+"("+t.length+")", []token{keywordToken("length"), sign("("), name, sign(")"), sign("<="), {kind: numeral, text: t.length}})
	default:
		return nil
	}
	condition := []token{keywordToken("typeof"), sign("("), name, sign(")"), keywordToken("IN"), sign("(")}
	for n, k := range strings.Split(kinds, ", ") {
		if n > 0 {
			condition = append(condition, sign(","))
		}
		condition = append(condition, token{kind: text, text: strings.Trim(k, "'")})
	}
	return constraint(t.name, append(condition, sign(")")))
}

func constraint(of string, condition []token) []token {
	made := []token{keywordToken("CONSTRAINT"), {kind: quoted, text: typeCheck + of}, keywordToken("CHECK"), sign("(")}
	made = append(made, condition...)
	return append(made, sign(")"))
}

// alter makes ALTER TABLE ... ADD COLUMN SQLite's; the others that SQLite knows are the same.
func (r *rewriting) alter() error {
	add := find(r.tokens, 0, "add")
	if add < 0 {
		return nil
	}
	at := add + 1
	if at < len(r.tokens) && r.tokens[at].is("column") {
		at++
	}
	if at >= len(r.tokens) || r.tokens[at].is("if") || tableConstraints[r.tokens[at].text] || find(r.tokens, at, ",") > 0 {
		return unsupported("this ALTER TABLE")
	}
	made, err := columnDefinition(r.tokens[at:])
	if err != nil {
		return err
	}
	r.replace(at, len(r.tokens), made...)
	return nil
}

// index takes away what only PostgreSQL says of an index.
func (r *rewriting) index() error {
	if at := find(r.tokens, 0, "concurrently"); at >= 0 {
		r.replace(at, at+1)
	}
	if at := find(r.tokens, 0, "using"); at >= 0 && at+1 < len(r.tokens) {
		if !r.tokens[at+1].is("btree") {
			return unsupported("indexes other than btree")
		}
		r.replace(at, at+2)
	}
	if at := find(r.tokens, 0, "on"); at >= 0 && at+1 < len(r.tokens) && at > 0 && (r.tokens[at-1].is("index") || r.tokens[at-1].is("exists")) {
		return unsupported("an index without a name")
	}
	if at := find(r.tokens, 0, "include"); at >= 0 {
		return unsupported("INCLUDE")
	}
	return nil
}

// drop takes CASCADE and RESTRICT away.
func (r *rewriting) drop() error {
	if last := len(r.tokens) - 1; r.tokens[last].is("cascade") || r.tokens[last].is("restrict") {
		r.replace(last, last+1)
	}
	if find(r.tokens, 0, ",") >= 0 {
		return unsupported("DROP of more than one thing at once")
	}
	return nil
}

// truncate is DELETE of everything.
func (r *rewriting) truncate() error {
	at := 1
	if at < len(r.tokens) && r.tokens[at].is("table") {
		at++
	}
	if len(r.tokens) != at+1 {
		return unsupported("this TRUNCATE")
	}
	r.replace(0, at, keywordToken("DELETE"), keywordToken("FROM"))
	return nil
}
