package sqlengine

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// Source is one statement of a text, not yet looked at further.
type Source struct {
	tokens []token
	text   string
}

// Text is the statement in one line, without comments.
func (s Source) Text() string { return s.text }

// Parse cuts a text into its statements. What is empty gives none.
func Parse(sql string) ([]Source, error) {
	all, err := lex(sql)
	if err != nil {
		return nil, err
	}
	sources := make([]Source, len(all))
	for n, tokens := range all {
		sources[n] = Source{tokens, render(tokens)}
	}
	return sources, nil
}

// Statement is one that can be run.
type Statement struct {
	// Params are the types of $1, $2, ...
	Params []uint32
	Fields []Field
	// Tag is what PostgreSQL calls it when it is done; SELECT, INSERT, UPDATE and DELETE have a number after it.
	Tag string
	// Writes: it needs the lock of writers.
	Writes bool
	// Rows: it reads or writes rows, and so takes the time that a database takes for that; others do not.
	Rows bool
	// Control is set for a statement that is the session's own; nothing else is then but the tag.
	Control *Control

	defines bool
	sql     string
}

// Field is a column of a result.
type Field struct {
	Name string
	OID  uint32
}

// verbs are the statements that are for SQLite, by their first words.
var verbs = []struct {
	words   string
	tag     string
	defines bool
	rewrite func(*rewriting) error
}{
	{"create table", "CREATE TABLE", true, (*rewriting).create},
	{"create index", "CREATE INDEX", true, (*rewriting).index},
	{"create unique index", "CREATE INDEX", true, (*rewriting).index},
	{"create view", "CREATE VIEW", true, nil},
	{"alter table", "ALTER TABLE", true, (*rewriting).alter},
	{"drop table", "DROP TABLE", true, (*rewriting).drop},
	{"drop index", "DROP INDEX", true, (*rewriting).drop},
	{"drop view", "DROP VIEW", true, (*rewriting).drop},
	{"truncate", "TRUNCATE TABLE", false, (*rewriting).truncate},
	{"select", "SELECT", false, nil},
	{"values", "SELECT", false, nil},
	{"insert into", "INSERT", false, nil},
	{"update", "UPDATE", false, nil},
	{"delete from", "DELETE", false, nil},
}

// known are first words of PostgreSQL's that the built-in database does not know; others are not SQL.
var known = words("create alter drop grant revoke copy listen notify unlisten explain analyze vacuum declare fetch move close lock prepare execute call do comment cluster reindex refresh merge table import security checkpoint load reassign insert delete")

// translate says in SQLite's words what a statement says in PostgreSQL's.
func (e *Engine) translate(source Source) (*Statement, error) {
	tokens := source.tokens
	c, err := control(tokens)
	if err != nil {
		return nil, err
	}
	if c != nil {
		return &Statement{Control: c, Tag: c.Verb}, nil
	}
	if err := balanced(tokens); err != nil {
		return nil, err
	}
	body := tokens
	if tokens[0].is("with") {
		if body = main(tokens); body == nil {
			return nil, &Error{Code: "42601", Message: "syntax error in WITH"}
		}
	}
	for _, v := range verbs {
		if matches(body, strings.Fields(v.words)) == 0 {
			continue
		}
		r, err := rewrite(tokens)
		if err == nil && v.rewrite != nil {
			err = v.rewrite(r)
		}
		if err != nil {
			return nil, err
		}
		s := &Statement{Tag: v.tag, defines: v.defines, Rows: !v.defines, Writes: v.tag != "SELECT" || r.locks, sql: render(r.tokens)}
		return s, nil
	}
	if known[tokens[0].text] && tokens[0].kind == word {
		return nil, unsupported(excerpt(source.text))
	}
	return nil, &Error{Code: "42601", Message: "syntax error at or near " + excerpt(tokens[0].text)}
}

// balanced checks that every bracket, and every CASE, has its end; all that looks for ends relies on it.
func balanced(tokens []token) error {
	var open []string
	for _, t := range tokens {
		switch {
		case t.is("("):
			open = append(open, ")")
		case t.is("["):
			open = append(open, "]")
		case t.is("case"):
			open = append(open, "end")
		case t.is(")"), t.is("]"), t.is("end"):
			if len(open) == 0 || open[len(open)-1] != t.text {
				return &Error{Code: "42601", Message: "syntax error at or near " + excerpt(t.text)}
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return &Error{Code: "42601", Message: "syntax error at end of input"}
	}
	return nil
}

// main is what follows WITH and its queries.
func main(tokens []token) []token {
	at := find(tokens, 1, "select", "insert", "update", "delete", "values")
	if at < 0 {
		return nil
	}
	return tokens[at:]
}

// mostKnown bounds how many statements a database remembers.
const mostKnown = 500

// Prepare makes a statement ready to run. types are of its parameters, as far as the client says; 0 is for the
// database to find out. writer: the caller is in a transaction that writes, and sees the tables as that has them.
func (e *Engine) Prepare(source Source, types []uint32, writer bool) (s *Statement, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() {
		if r := recover(); r != nil { // one client's strange words must not end everybody's database
			s, err = nil, &Error{Code: "XX000", Message: fmt.Sprintf("internal error on %s: %v", excerpt(source.text), r)}
		}
	}()
	altered := writer && e.altered
	if now := e.pages.cookie(e.pages.durable); now != e.cookie || e.known == nil {
		e.cookie, e.known, e.of = now, make(map[string]*Statement), nil
	}
	if found := e.known[source.text]; found != nil && !altered && len(types) == 0 {
		return found, nil
	}
	s, err = e.translate(source)
	if err != nil || s.Control != nil || s.defines {
		return s, err
	}
	through := e.reader
	if altered {
		through = e.writer
	}
	of := e.of
	if of == nil || altered {
		if of, err = through.columns(); err != nil {
			return nil, err
		}
	}
	if !altered {
		e.of = of
	}
	if err := s.describe(through, source.tokens, of, types); err != nil {
		return nil, err
	}
	if !altered && len(types) == 0 {
		if len(e.known) >= mostKnown {
			clear(e.known)
		}
		e.known[source.text] = s
	}
	return s, nil
}

// describe finds out the types of what goes in and comes out.
func (s *Statement) describe(c *connection, tokens []token, of *columns, types []uint32) error {
	compiled, err := c.prepare(s.sql)
	if err != nil {
		return err
	}
	i := &inference{columns: of, all: tokens}
	i.parameters(types)
	s.Params = i.params
	items := results(tokens)
	count := compiled.ColumnCount()
	for n := range count {
		f := Field{Name: compiled.ColumnName(n)}
		oid, is := declared(compiled.ColumnDeclType(n))
		if is {
			f.OID = oid
		}
		if len(items) == count {
			expression, name := alias(items[n])
			if f.OID == 0 {
				f.OID = i.of(expression)
			}
			if f.Name = name; name == "" {
				f.Name = resultName(expression)
			}
		} else if f.OID == 0 {
			f.OID = of.named[f.Name]
		}
		if f.OID == 0 {
			f.OID = pgtype.TextOID
		}
		s.Fields = append(s.Fields, f)
	}
	return nil
}

// columns are all that there are, as the connection sees them.
func (c *connection) columns() (*columns, error) {
	all := &columns{tables: make(map[string][]column), named: make(map[string]uint32)}
	s, err := c.prepare(`SELECT m.name, p.name, p.type FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, p.cid`)
	if err != nil {
		return nil, err
	}
	for s.Step() {
		oid, _ := declared(s.ColumnText(2))
		table, name := s.ColumnText(0), s.ColumnText(1)
		all.tables[table] = append(all.tables[table], column{name, oid})
		if all.named[name] == 0 {
			all.named[name] = oid
		}
	}
	return all, failure(firstOf(s.Err(), s.Reset()))
}
