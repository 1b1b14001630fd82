package sqlengine

import (
	"errors"
	"strings"
	"testing"
)

// Whatever a client sends is a statement or an error with a SQLSTATE.
func FuzzPrepare(f *testing.F) {
	for _, sql := range []string{
		"SELECT $1::int + 1, 'a' || $2, now() - interval '1 day', CASE WHEN true THEN 1 ELSE 2 END FROM squall_writes WHERE id = ANY($3) FOR UPDATE SKIP LOCKED",
		"INSERT INTO squall_writes (id, key) VALUES ($1, $2), (E'\\n', $$x$$) ON CONFLICT (id) DO UPDATE SET key = excluded.key RETURNING *, count(*) AS n",
		"CREATE TABLE t (id bigserial PRIMARY KEY, a varchar(3) DEFAULT 'x'::text NOT NULL, b timestamp with time zone, CHECK (a <> 'y'), c int GENERATED ALWAYS AS IDENTITY)",
		"WITH x AS MATERIALIZED (SELECT CAST(a AS text) FROM b) SELECT extract(year FROM d), substring(a FROM 1 FOR 2), position('a' IN b) FROM x LIMIT $1",
		"ALTER TABLE t ADD COLUMN x int; TRUNCATE TABLE t; DROP INDEX i CASCADE; BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; SAVEPOINT a; ROLLBACK TO a; SET x TO 'y'; SHOW ALL",
		"SELECT end, case, ) ] ::", "WITH", "SELECT FROM", "cast(", "x between", "$1 and", "/* /* */", "for update of", "create table (", "create table x (y", "select (select", "insert into", "any(", "interval", "- interval '1'", "set session", "explain", "::int", "select a.", ".", "CREATE TABLE (00GENERATED IDENTITY)",
	} {
		f.Add(sql)
	}
	e, err := Open(testSchema)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { e.Close() })
	f.Fuzz(func(t *testing.T, sql string) {
		sources, err := Parse(sql)
		for _, s := range sources {
			if _, failed := e.Prepare(s, nil, false); failed != nil {
				err = failed
			}
		}
		var known *Error
		if err != nil && (!errors.As(err, &known) || len(known.Code) != 5 || strings.HasPrefix(known.Message, "internal error")) {
			t.Errorf("%q: %v has no SQLSTATE", sql, err)
		}
	})
}
