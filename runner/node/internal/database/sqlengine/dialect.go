package sqlengine

import (
	"slices"
	"strings"
)

// The dialect: what PostgreSQL writes differently from SQLite and is cheap to say in SQLite's words. What is not
// covered is an error that names it: arrays, DISTINCT ON, INSERT and UPDATE within WITH, COPY, cursors, functions and
// triggers of one's own, LISTEN, the system catalogue.

func keywordToken(s string) token { return token{kind: word, text: s} }
func sign(s string) token         { return token{kind: operator, text: s} }

// rewriting makes one statement SQLite's.
type rewriting struct {
	tokens []token
	// locks: rows were asked for FOR UPDATE or the like.
	locks bool
}

// rewrite is the tokens in SQLite's words.
func rewrite(tokens []token) (*rewriting, error) {
	r := &rewriting{tokens: slices.Clone(tokens)}
	if err := r.refuse(); err != nil {
		return nil, err
	}
	for range strings.Count(render(r.tokens), "any") {
		r.any()
	}
	r.schema()
	r.locking()
	r.intervals()
	if err := r.casts(); err != nil {
		return nil, err
	}
	r.words()
	return r, nil
}

// replace puts others in the place of some tokens.
func (r *rewriting) replace(from, to int, with ...token) {
	r.tokens = slices.Replace(r.tokens, from, to, with...)
}

// refuse names what is known not to work, where SQLite would only call it a syntax error, or misread it.
func (r *rewriting) refuse() error {
	for n, t := range r.tokens {
		next := token{}
		if n+1 < len(r.tokens) {
			next = r.tokens[n+1]
		}
		switch {
		case t.is("(") && (next.is("insert") || next.is("update") || next.is("delete")):
			return unsupported(strings.ToUpper(next.text) + " within WITH")
		case t.is("distinct") && next.is("on"):
			return unsupported("DISTINCT ON")
		case t.is("constraint") && n > 0 && r.tokens[n-1].is("on"):
			return unsupported("ON CONFLICT ON CONSTRAINT; name the columns")
		case t.is("any") && anyOf(r.tokens, n) > 0:
		case (t.is("any") || t.is("all")) && next.is("(") && n > 0 && r.tokens[n-1].kind == operator, t.is("array") && next.is("["):
			return unsupported("arrays")
		case t.is("generate_series") && next.is("("):
			return unsupported("generate_series")
		case t.is("pg_catalog"), t.is("information_schema"):
			return unsupported("the system catalogue")
		case t.is("lateral"), t.is("tablesample"):
			return unsupported(strings.ToUpper(t.text))
		}
	}
	return nil
}

// anyOf is where = ANY($1) has its parameter, 0 if this is none.
func anyOf(tokens []token, n int) int {
	if n > 0 && tokens[n-1].is("=") && n+3 < len(tokens) && tokens[n+1].is("(") && tokens[n+2].kind == param && (tokens[n+3].is(")") || tokens[n+3].is("::")) {
		return n + 2
	}
	return 0
}

// any makes = ANY($1) a search in the parameter, which is JSON then.
func (r *rewriting) any() {
	for n := range r.tokens {
		if at := anyOf(r.tokens, n); r.tokens[n].is("any") && at > 0 {
			list := []token{keywordToken("IN"), sign("("), keywordToken("SELECT"), keywordToken("value"), keywordToken("FROM"), keywordToken("json_each"), sign("("), r.tokens[at], sign(")"), sign(")")}
			r.replace(n-1, closing(r.tokens, n+1)+1, list...)
			return
		}
	}
}

// schema takes public. away.
func (r *rewriting) schema() {
	for n := 0; n+2 < len(r.tokens); n++ {
		if r.tokens[n].name() && r.tokens[n].text == "public" && r.tokens[n+1].is(".") {
			r.replace(n, n+2)
		}
	}
}

// locking takes FOR UPDATE [OF t] [NOWAIT | SKIP LOCKED] and its like away: whoever asks gets the lock that
// every writer takes, and then no row is locked by anybody else.
func (r *rewriting) locking() {
	for n := 0; n+1 < len(r.tokens); n++ {
		if !r.tokens[n].is("for") {
			continue
		}
		for _, strength := range [][]string{{"update"}, {"share"}, {"no", "key", "update"}, {"key", "share"}} {
			length := matches(r.tokens[n+1:], strength)
			if length == 0 {
				continue
			}
			end := n + 1 + length
			if end < len(r.tokens) && r.tokens[end].is("of") {
				for end++; end < len(r.tokens) && (r.tokens[end].name() || r.tokens[end].is(",") || r.tokens[end].is(".")) && !r.tokens[end].is("skip") && !r.tokens[end].is("nowait"); end++ {
				}
			}
			if end < len(r.tokens) && r.tokens[end].is("nowait") {
				end++
			}
			end += matches(r.tokens[min(end, len(r.tokens)):], []string{"skip", "locked"})
			r.replace(n, end)
			r.locks = true
			break
		}
	}
}

// intervals makes x + interval '5 minutes' a call.
func (r *rewriting) intervals() {
	for n := 1; n+1 < len(r.tokens); n++ {
		if !r.tokens[n].is("+") && !r.tokens[n].is("-") {
			continue
		}
		length, value := token{}, 0
		switch next := r.tokens[n+1:]; {
		case len(next) >= 2 && next[0].is("interval") && next[1].kind == text:
			length, value = next[1], 2
		case len(next) >= 3 && (next[0].kind == text || next[0].kind == param) && next[1].is("::") && next[2].is("interval"):
			length, value = next[0], 3
		default:
			continue
		}
		from := start(r.tokens, n-1)
		with := []token{keywordToken("squall_interval"), sign("(")}
		with = append(with, r.tokens[from:n]...)
		with = append(with, sign(","), token{kind: text, text: r.tokens[n].text}, sign(","), length, sign(")"))
		r.replace(from, n+1+value, with...)
		n = from
	}
}

// casts makes x::type and CAST(x AS type) what does the same to a value, and date '...' too.
func (r *rewriting) casts() error {
	for n := 0; n < len(r.tokens); n++ {
		switch t := r.tokens[n]; {
		case t.is("::"):
			of, end, err := typeAt(r.tokens, n+1)
			if err != nil {
				return err
			}
			from := start(r.tokens, n-1)
			r.replace(from, end, cast(of, r.tokens[from:n])...)
			n = from
		case t.is("cast") && n+1 < len(r.tokens) && r.tokens[n+1].is("("):
			close := closing(r.tokens, n+1)
			as := find(r.tokens[:close], n+2, "as")
			if as < 0 {
				continue
			}
			of, end, err := typeAt(r.tokens, as+1)
			if err != nil {
				return err
			}
			if end != close {
				return &Error{Code: "42601", Message: "syntax error in CAST"}
			}
			if plain(of) {
				r.replace(as+1, end, keywordToken("TEXT"))
				continue
			}
			r.replace(n, close+1, cast(of, r.tokens[n+2:as])...)
		case t.kind == word && n+1 < len(r.tokens) && r.tokens[n+1].kind == text && typeNames[t.text] != 0:
			of, _, err := typeAt(r.tokens, n)
			if err != nil {
				return err
			}
			r.replace(n, n+2, cast(of, r.tokens[n+1:n+2])...)
		}
	}
	return nil
}

// plain types need no look at the value.
func plain(t sqlType) bool { return t.name == "text" || t.name == "varchar" || t.name == "bpchar" }

func cast(to sqlType, of []token) []token {
	var with []token
	if plain(to) {
		with = append(with, keywordToken("CAST"), sign("("))
		with = append(with, of...)
		return append(with, keywordToken("AS"), keywordToken("TEXT"), sign(")"))
	}
	with = append(with, keywordToken("squall_cast"), sign("("), token{kind: text, text: to.name}, sign(","))
	with = append(with, of...)
	return append(with, sign(")"))
}

// bare are keywords of PostgreSQL's that SQLite has as calls, or not at all.
var bare = map[string][]token{
	"current_timestamp": {keywordToken("now"), sign("("), sign(")")},
	"localtimestamp":    {keywordToken("now"), sign("("), sign(")")},
	"current_date":      cast(sqlType{name: "date"}, []token{keywordToken("now"), sign("("), sign(")")}),
	"current_user":      {token{kind: text, text: "squall"}},
	"session_user":      {token{kind: text, text: "squall"}},
	"ilike":             {keywordToken("MATCH")}, // match(pattern, value) is ours
	"~":                 {keywordToken("REGEXP")},
}

// renamed are functions that SQLite has under another name.
var renamed = map[string]string{"greatest": "max", "least": "min", "char_length": "length", "character_length": "length", "strpos": "instr", "btrim": "trim", "chr": "char", "ascii": "unicode"}

// words replaces single ones.
func (r *rewriting) words() {
	for n := 0; n < len(r.tokens); n++ {
		t := r.tokens[n]
		if t.kind != word && t.kind != operator || n > 0 && r.tokens[n-1].is(".") {
			continue
		}
		called := n+1 < len(r.tokens) && r.tokens[n+1].is("(")
		switch {
		case bare[t.text] != nil && !called:
			r.replace(n, n+1, bare[t.text]...)
		case renamed[t.text] != "" && called:
			r.tokens[n].text = renamed[t.text]
		case (t.is("substring") || t.is("extract") || t.is("position")) && called:
			r.spoken(n)
		}
	}
}

// spoken makes a call with words between its arguments a plain one.
func (r *rewriting) spoken(n int) {
	close := closing(r.tokens, n+1)
	inner := slices.Clone(r.tokens[n+2 : close])
	with := []token{keywordToken(map[string]string{"substring": "substr", "extract": "date_part", "position": "instr"}[r.tokens[n].text]), sign("(")}
	switch from := find(inner, 0, "from", "in"); {
	case r.tokens[n].is("extract") && from == 1:
		with = append(with, token{kind: text, text: inner[0].text}, sign(","))
		with = append(with, inner[2:]...)
	case r.tokens[n].is("position") && from > 0:
		with = append(with, inner[from+1:]...)
		with = append(append(with, sign(",")), inner[:from]...)
	default:
		for m := range inner {
			if inner[m].is("from") || inner[m].is("for") {
				inner[m] = sign(",")
			}
		}
		with = append(with, inner...)
	}
	r.replace(n, close+1, append(with, sign(")"))...)
}
