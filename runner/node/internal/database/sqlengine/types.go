package sqlengine

import (
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// The types of PostgreSQL that columns, casts and parameters may have. Columns are declared to SQLite under the
// canonical name, from which it takes its affinity (INT: whole numbers, FLOA: floating ones, TEXT and CHAR: text).
var typeNames = map[string]uint32{
	"bool": pgtype.BoolOID, "int2": pgtype.Int2OID, "int4": pgtype.Int4OID, "int8": pgtype.Int8OID,
	"float4": pgtype.Float4OID, "float8": pgtype.Float8OID, "numeric": pgtype.NumericOID,
	"text": pgtype.TextOID, "varchar": pgtype.VarcharOID, "bpchar": pgtype.BPCharOID, "bytea": pgtype.ByteaOID,
	"timestamptz": pgtype.TimestamptzOID, "timestamp": pgtype.TimestampOID, "date": pgtype.DateOID, "time": pgtype.TimeOID,
	"uuid": pgtype.UUIDOID, "json": pgtype.JSONOID, "jsonb": pgtype.JSONBOID,
}

// synonyms are other names of types, in words as they stand.
var synonyms = []struct {
	words []string
	name  string
}{
	{[]string{"timestamp", "with", "time", "zone"}, "timestamptz"},
	{[]string{"timestamp", "without", "time", "zone"}, "timestamp"},
	{[]string{"time", "without", "time", "zone"}, "time"},
	{[]string{"double", "precision"}, "float8"},
	{[]string{"character", "varying"}, "varchar"},
	{[]string{"boolean"}, "bool"}, {[]string{"smallint"}, "int2"}, {[]string{"integer"}, "int4"}, {[]string{"int"}, "int4"},
	{[]string{"bigint"}, "int8"}, {[]string{"real"}, "float4"}, {[]string{"float"}, "float8"}, {[]string{"decimal"}, "numeric"},
	{[]string{"character"}, "bpchar"}, {[]string{"char"}, "bpchar"},
}

// rowID is how a column that numbers its rows is declared: to SQLite no other spelling does.
const rowID = "INTEGER"

// sqlType is a type as it stands in a statement.
type sqlType struct {
	name string
	oid  uint32
	// length bounds characters; "" for no bound.
	length string
}

// typeAt reads a type that begins at a token, and says where it ends.
func typeAt(tokens []token, at int) (t sqlType, end int, err error) {
	if at >= len(tokens) || !tokens[at].name() {
		return t, at, &Error{Code: "42601", Message: "syntax error: a type is missing"}
	}
	if at+1 < len(tokens) && tokens[at].is("pg_catalog") && tokens[at+1].is(".") {
		at += 2
	}
	t.name, end = tokens[at].text, at+1
	for _, s := range synonyms {
		if n := matches(tokens[at:], s.words); n > 0 {
			t.name, end = s.name, at+n
			break
		}
	}
	var known bool
	if t.oid, known = typeNames[t.name]; !known {
		return t, end, &Error{Code: "42704", Message: `type "` + t.name + `" does not exist in the built-in database`, Hint: dialectHint}
	}
	if end < len(tokens) && tokens[end].is("(") {
		close := closing(tokens, end)
		if close == end+2 && (t.name == "varchar" || t.name == "bpchar") {
			t.length = tokens[end+1].text
		}
		end = close + 1
	}
	for _, more := range [][]string{{"with", "time", "zone"}, {"without", "time", "zone"}} { // after timestamp(3)
		if n := matches(tokens[min(end, len(tokens)):], more); n > 0 {
			end += n
			if more[0] == "with" {
				t.name, t.oid = "timestamptz", pgtype.TimestamptzOID
			}
		}
	}
	if end < len(tokens) && tokens[end].is("[") {
		return t, end, unsupported("arrays")
	}
	return t, min(end, len(tokens)), nil
}

// matches is how many tokens the words are, 0 if they are not there.
func matches(tokens []token, words []string) int {
	if len(tokens) < len(words) {
		return 0
	}
	for n, w := range words {
		if !tokens[n].is(w) {
			return 0
		}
	}
	return len(words)
}

// declared is the type of a column as SQLite has its declaration.
func declared(as string) (uint32, bool) {
	if as == rowID {
		return pgtype.Int8OID, true
	}
	oid, known := typeNames[strings.ToLower(as)]
	return oid, known
}

// wider is what arithmetic on two types gives.
func wider(a, b uint32) uint32 {
	rank := func(oid uint32) int {
		for n, o := range []uint32{pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float4OID, pgtype.Float8OID, pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID} {
			if o == oid {
				return n + 1
			}
		}
		return 0
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}
