package sqltext

import (
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	const text = "-- a comment; with a semicolon\nCREATE TABLE a (x text DEFAULT ';');\n\n;\nCREATE FUNCTION f() RETURNS int AS $body$ BEGIN; RETURN 1; END $body$;\n" +
		"/* one /* in */ another; */ INSERT INTO a VALUES (E'it\\'s;', \"q;\"\"\")"
	got, err := Split(text, Postgres)
	if err != nil {
		t.Fatal(err)
	}
	want := []Statement{
		{"CREATE TABLE a (x text DEFAULT ';')", 2},
		{"CREATE FUNCTION f() RETURNS int AS $body$ BEGIN; RETURN 1; END $body$", 5},
		{"INSERT INTO a VALUES (E'it\\'s;', \"q;\"\"\")", 6},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, err := Split(`INSERT INTO a VALUES ('it\'s;')`, MySQL); err != nil || len(got) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, endless := range []string{"SELECT 'a", "SELECT /* a", "SELECT $x$ a", `SELECT "a`, "x;\nSELECT 'a"} {
		if _, err := Split(endless, Postgres); err == nil || !strings.Contains(err.Error(), "no end") {
			t.Errorf("%q: %v", endless, err)
		}
	}
	if got, err := Split(" -- nothing\n ;; ", Postgres); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBind(t *testing.T) {
	for _, c := range []struct {
		text    string
		dialect Dialect
		sql     string
		names   []string
	}{
		{"SELECT n FROM stock WHERE item = {item} OR {item} = {?q}", Postgres, "SELECT n FROM stock WHERE item = $1 OR $1 = $2", []string{"item", "?q"}},
		{"SELECT n FROM stock WHERE item = {item} OR {item} = {?q}", MySQL, "SELECT n FROM stock WHERE item = ? OR ? = ?", []string{"item", "item", "?q"}},
		{`SELECT '{"a": 1}'::json, '{1,2}'::int[], $${x}$$ -- {y}`, Postgres, `SELECT '{"a": 1}'::json, '{1,2}'::int[], $${x}$$ -- {y}`, nil},
	} {
		got, err := Bind(c.text, c.dialect)
		if err != nil || got.SQL != c.sql || !slices.Equal(got.Names, c.names) {
			t.Errorf("%s: %+v, %v", c.text, got, err)
		}
	}
	for _, wrong := range []string{"SELECT {", "SELECT {a b}", "SELECT {}", "SELECT {1}"} {
		if got, err := Bind(wrong, Postgres); err == nil {
			t.Errorf("%s: %+v", wrong, got)
		}
	}
	if got := Quoted(`SELECT '{item}', 'x' || "{a}"`, Postgres); !slices.Equal(got, []string{"item", "a"}) {
		t.Errorf("%q", got)
	}
}

func TestReads(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT 1":                           true,
		" (select 'update') ":                true,
		"/* x */ WITH a AS (SELECT 1) TABLE": true,
		"WITH gone AS (DELETE FROM a RETURNING id) SELECT * FROM gone": false,
		"UPDATE a SET n = 1":           false,
		"SELECT * INTO b FROM a":       false,
		"SELECT * FROM a FOR UPDATE":   true,
		"SELECT 'insert' FROM updates": true,
		"INSERT INTO a VALUES (1)":     false,
		"":                             false,
	} {
		if got := Reads(text, Postgres); got != want {
			t.Errorf("%s: reads is %v", text, got)
		}
	}
}

// Whatever a text is, it is read to its end or refused, and statements are pieces of it.
func FuzzSplit(f *testing.F) {
	f.Add("SELECT 'a;b'; -- c\nUPDATE x SET y = {z} /* ; */")
	f.Add("$a$;$a$ E'\\';' \"")
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []Dialect{Postgres, MySQL} {
			all, err := Split(text, d)
			for _, s := range all {
				if err != nil || s.Line < 1 || !strings.Contains(text, s.Text) || s.Text == "" {
					t.Fatalf("%+v of %q (%v)", s, text, err)
				}
			}
			if b, err := Bind(text, d); err == nil && len(b.Names) == 0 && b.SQL != text {
				t.Fatalf("%q became %q without parameters", text, b.SQL)
			}
		}
	})
}
