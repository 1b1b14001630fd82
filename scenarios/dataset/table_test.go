package dataset

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	t.Parallel()
	want := Table{Columns: []string{"name", "age"}, Rows: [][]string{{"Ada, Countess", "36"}, {`Grace "amazing"`, ""}}}
	for name, text := range map[string]string{
		"x.csv":    "\ufeffname, age\n\"Ada, Countess\",36\n\"Grace \"\"amazing\"\"\",\n",
		"x.jsonl":  `{"name": "Ada, Countess", "age": 36}` + "\n\n" + `{"age": null, "more": [1], "name": "Grace \"amazing\""}`,
		"X.NDJSON": `{"name": "Ada, Countess", "age": "36"}` + "\r\n" + `{"name": "Grace \"amazing\"", "age": ""}` + "\r\n",
	} {
		got, err := Read(name, []byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text   string
		line, column int
		what         string
	}{
		{"x.csv", "", 1, 1, "empty"},
		{"x.csv", "a,b\n", 1, 1, "no rows"},
		{"x.csv", "a,a\n1,2\n", 1, 1, `two columns "a"`},
		{"x.csv", "a b\n1\n", 1, 1, "can't be the name"},
		{"x.csv", "a,b\n1,2\n1\n", 3, 1, "a value for each column"},
		{"x.csv", "a,b\n1,2\n1,\"x\" y\n", 3, 5, "not CSV"},
		{"x.csv", "a\n1\n\xff\n", 3, 1, "UTF-8"},
		{"x.txt", "a\n1\n", 1, 1, "nobody knows"},
		{"x.jsonl", "{\"a\":1}\n{\"b\":1}\n", 2, 1, `no "a"`},
		{"x.jsonl", "{\"a\":1}\n[1]\n", 2, 1, "not a JSON object"},
		{"x.jsonl", "{\"a\":1} {\n", 1, 1, "something stands after it"},
		{"x.csv", strings.Repeat("a\n", MaxBytes/2+1), 1, 1, "more than"},
	} {
		_, err := Read(c.name, []byte(c.text))
		var m *Mistake
		if !errors.As(err, &m) || m.Line != c.line || m.Column != c.column || !strings.Contains(m.What, c.what) || m.Fix == "" {
			t.Errorf("%s %.30q: %v, want %d:%d ... %s", c.name, c.text, err, c.line, c.column, c.what)
		}
	}
}

// Whatever comes in, it is a mistake, or every row has a value for each column.
func FuzzRead(f *testing.F) {
	f.Add("x.csv", "a,b\n1,2\n")
	f.Add("x.jsonl", "{\"a\":1}\n{\"a\":\"x\"}\n")
	f.Add("users.csv", "\ufeffid,name,\"mail, work\"\r\n7,\"O\"\"Brien\",a@b.example\r\n8,\"two\nlines\",\r\n")
	f.Add("x.ndjson", "{\"id\": 12345678901234567890, \"ok\": true, \"none\": null}\n\n{\"ok\": 1e3, \"id\": {\"a\": [1]}, \"id\": 2}\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		table, err := Read(name, []byte(text))
		if err != nil {
			if _, ok := errors.AsType[*Mistake](err); !ok {
				t.Errorf("%T", err)
			}
			return
		}
		for i, column := range table.Columns {
			if !columnName.MatchString(column) || slices.Contains(table.Columns[:i], column) {
				t.Errorf("columns %q", table.Columns)
			}
		}
		for _, row := range table.Rows {
			if len(row) != len(table.Columns) {
				t.Errorf("a row of %d values, %d columns", len(row), len(table.Columns))
			}
		}
	})
}
