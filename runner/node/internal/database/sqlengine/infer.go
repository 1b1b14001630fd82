package sqlengine

import (
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// What SQLite does not tell (it knows types of values, not of expressions) is read off the statement: PostgreSQL's
// clients want to know the types of parameters and of results before anything runs.

// columns are the types of a database's columns: by table, and by name alone.
type columns struct {
	tables map[string][]column
	named  map[string]uint32
}

type column struct {
	name string
	oid  uint32
}

// inference is for one statement.
type inference struct {
	columns *columns
	all     []token
	params  []uint32
	// depth ends a search that finds itself.
	depth int
}

// operands cannot end where these words stand, nor functions be called so.
var reserved = words("select from where and or not in is like ilike between values set on as when then else case end by group order having limit offset union except intersect returning distinct all any exists using join left right inner outer full cross with insert into update delete over filter conflict do nothing null true false default")

// resultName is what PostgreSQL calls a result column that has no name given.
func resultName(e []token) string {
	switch {
	case len(e) == 0:
		return "?column?"
	case len(e) >= 3 && e[0].is("case"):
		return "case"
	case len(e) >= 2 && e[0].is("cast") && e[1].is("("):
		if as := find(e[2:closing(e, 1)], 0, "as"); as > 0 {
			return castName(e[2:2+as], e[as+3:])
		}
	case len(e) >= 2 && e[0].name() && !keyword(e[0]) && e[1].is("("):
		if rest := closing(e, 1) + 1; rest >= len(e) || e[rest].is("over") || e[rest].is("filter") {
			return e[0].text
		}
	case len(e) >= 2 && e[0].is("exists"):
		return "exists"
	case e[len(e)-1].name() && (len(e) == 1 && !keyword(e[0]) || len(e) >= 3 && len(e)%2 == 1 && e[1].is(".")):
		return e[len(e)-1].text
	}
	if len(e) == 1 && (e[0].is("true") || e[0].is("false")) {
		return "bool"
	}
	if at := lastCast(e); at > 0 {
		if _, end, err := typeAt(e, at+1); err == nil && end == len(e) && after(e, 0) == len(e) {
			return castName(e[:at], e[at+1:])
		}
	}
	return "?column?"
}

// castName is the name of what is cast, or of the type.
func castName(of, to []token) string {
	if name := resultName(of); name != "?column?" {
		return name
	}
	if t, _, err := typeAt(to, 0); err == nil {
		return t.name
	}
	return "?column?"
}

func lastCast(e []token) int {
	last := -1
	for at := find(e, 0, "::"); at >= 0; at = find(e, at+1, "::") {
		last = at
	}
	return last
}

// results are the expressions of a statement's result columns; nil where it has none or a * stands for some.
func results(tokens []token) [][]token {
	at := find(tokens, 0, "returning")
	if verb := find(tokens, 0, "insert", "update", "delete"); at < 0 && verb < 0 {
		at = find(tokens, 0, "select", "values")
	}
	if at < 0 {
		return nil
	}
	if tokens[at].is("values") {
		if at+1 < len(tokens) && tokens[at+1].is("(") {
			return split(tokens[at+2 : closing(tokens, at+1)])
		}
		return nil
	}
	at++
	if at < len(tokens) && (tokens[at].is("distinct") || tokens[at].is("all")) {
		at++
	}
	end := find(tokens, at, "from", "where", "group", "having", "order", "limit", "offset", "union", "except", "intersect", "window")
	if end < 0 {
		end = len(tokens)
	}
	items := split(tokens[at:end])
	for _, item := range items {
		if len(item) > 0 && item[len(item)-1].is("*") {
			return nil
		}
	}
	return items
}

// of is an expression's type: 0 where nothing tells.
func (i *inference) of(e []token) uint32 {
	if i.depth > 50 || len(e) == 0 {
		return 0
	}
	i.depth++
	defer func() { i.depth-- }()
	if at := find(e, 0, "and", "or", "=", "<", ">", "<=", ">=", "<>", "!=", "is", "in", "like", "ilike", "between", "~", "~*", "!~", "!~*", "@>", "<@"); at >= 0 || e[0].is("not") || e[0].is("exists") {
		return pgtype.BoolOID
	}
	for at := find(e, 0, "+", "-", "*", "/", "%", "||", "^"); at >= 0; at = find(e, at+1, "+", "-", "*", "/", "%", "||", "^") {
		if at == 0 { // a sign
			continue
		}
		if e[at].is("||") {
			return pgtype.TextOID
		}
		left := i.of(e[:at])
		if at+1 < len(e) && e[at+1].is("interval") {
			return left
		}
		return wider(left, i.of(e[at+1:]))
	}
	if e[0].is("-") || e[0].is("+") {
		return i.of(e[1:])
	}
	if at := lastCast(e); at > 0 {
		if t, _, err := typeAt(e, at+1); err == nil {
			return t.oid
		}
		return 0
	}
	if at := find(e, 0, "->", "->>", "#>", "#>>"); at > 0 {
		if strings.HasSuffix(e[at].text, ">>") {
			return pgtype.TextOID
		}
		return pgtype.JSONBOID
	}
	return i.operand(e)
}

func (i *inference) operand(e []token) uint32 {
	switch first := e[0]; {
	case first.kind == text:
		return 0
	case first.kind == numeral:
		switch {
		case strings.ContainsAny(first.text, ".eE"):
			return pgtype.NumericOID
		case len(first.text) > 9:
			return pgtype.Int8OID
		}
		return pgtype.Int4OID
	case first.kind == param:
		if n := index(first); n < len(i.params) {
			return i.params[n]
		}
		return 0
	case first.is("true"), first.is("false"):
		return pgtype.BoolOID
	case first.is("case"):
		if at := find(e[1:], 0, "then"); at >= 0 {
			end := find(e[1:], at, "when", "else", "end")
			return i.of(e[at+2 : max(end+1, at+2)])
		}
		return 0
	case first.is("current_timestamp"):
		return pgtype.TimestamptzOID
	case first.is("current_date"):
		return pgtype.DateOID
	case first.is("localtimestamp"):
		return pgtype.TimestampOID
	case first.is("("):
		inner := e[1:closing(e, 0)]
		if len(inner) > 0 && (inner[0].is("select") || inner[0].is("with")) {
			if items := results(inner); len(items) > 0 {
				expression, _ := alias(items[0])
				return i.of(expression)
			}
			return 0
		}
		return i.of(inner)
	case first.name() && len(e) >= 2 && e[1].is("("):
		return i.call(first.text, e[2:max(closing(e, 1), 2)])
	case first.name() && len(e) >= 2 && e[1].kind == text: // date '2026-01-01'
		return typeNames[first.text]
	case first.name():
		return i.column(e)
	}
	return 0
}

// column is the type of table.column or of a column of whatever table the statement names.
func (i *inference) column(e []token) uint32 {
	name := e[len(e)-1].text
	if len(e) >= 3 {
		for _, c := range i.columns.tables[e[len(e)-3].text] {
			if c.name == name {
				return c.oid
			}
		}
	}
	for _, t := range i.all {
		for _, c := range i.columns.tables[t.text] {
			if t.name() && c.name == name {
				return c.oid
			}
		}
	}
	// A name that the statement itself gives.
	for n := 2; n < len(i.all); n++ {
		if i.all[n].name() && i.all[n].text == name && i.all[n-1].is("as") {
			from := n - 1
			for from > 0 && !i.all[from-1].is(",") && !i.all[from-1].is("select") && !i.all[from-1].is("returning") {
				if from--; i.all[from].is(")") {
					from = max(opening(i.all, from), 0)
				}
			}
			return i.of(i.all[from : n-1])
		}
	}
	return 0
}

// calls are the types of what functions give.
var calls = func() map[string]uint32 {
	m := make(map[string]uint32)
	for oid, names := range map[uint32]string{
		pgtype.Int8OID:        "count row_number rank dense_rank ntile nextval",
		pgtype.Int4OID:        "length char_length character_length octet_length position strpos ascii pg_backend_pid",
		pgtype.TextOID:        "lower upper substr substring trim ltrim rtrim btrim replace concat concat_ws string_agg group_concat md5 left right repeat reverse lpad rpad initcap version current_user session_user user current_database current_schema current_setting to_char chr typeof pg_sleep",
		pgtype.Float8OID:      "random sqrt power pow exp ln log sin cos tan atan pi degrees radians percent_rank cume_dist",
		pgtype.NumericOID:     "extract date_part",
		pgtype.TimestamptzOID: "now transaction_timestamp statement_timestamp clock_timestamp date_trunc to_timestamp",
		pgtype.BoolOID:        "bool_and bool_or every pg_is_in_recovery",
		pgtype.UUIDOID:        "gen_random_uuid",
		pgtype.JSONBOID:       "json_build_object json_object json_array json_group_array json_group_object json_agg json",
	} {
		for n := range words(names) {
			m[n] = oid
		}
	}
	return m
}()

func (i *inference) call(name string, arguments []token) uint32 {
	if oid := calls[name]; oid != 0 {
		return oid
	}
	list := split(arguments)
	switch name {
	case "cast":
		if at := find(arguments, 0, "as"); at > 0 {
			if t, _, err := typeAt(arguments, at+1); err == nil {
				return t.oid
			}
		}
		return 0
	case "sum", "avg":
		oid := i.of(list[0])
		switch {
		case oid == pgtype.Float4OID || oid == pgtype.Float8OID:
			return pgtype.Float8OID
		case name == "sum" && (oid == pgtype.Int2OID || oid == pgtype.Int4OID):
			return pgtype.Int8OID
		}
		return pgtype.NumericOID
	case "min", "max", "coalesce", "nullif", "ifnull", "greatest", "least", "abs", "round", "floor", "ceil", "ceiling", "trunc", "mod", "sign", "lag", "lead", "first_value", "last_value", "nth_value":
		for _, a := range list {
			if oid := i.of(a); oid != 0 {
				return oid
			}
		}
	}
	return 0
}
