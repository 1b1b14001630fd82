package language

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/squallhq/squall/scenarios/source"
)

// FuzzParse: no input panics or hangs the loader, every mistake has a place in the file and one
// line, and what parses is written by AsRun so that it parses to an equal scenario again.
func FuzzParse(f *testing.F) {
	for _, data := range seeds(f) {
		f.Add(data, "")
		f.Add(data, "fast")
	}
	f.Fuzz(func(t *testing.T, data []byte, variant string) {
		start := time.Now()
		s, err := Parse("x.yaml", data, variant)
		if took := time.Since(start); took > 20*time.Second {
			t.Fatalf("parsing took %s", took)
		}
		if err != nil {
			sound(t, err, data)
			return
		}
		asRun, err := AsRun(data, variant)
		if err != nil {
			t.Fatalf("as run: %v", err)
		}
		again, err := Parse("again.yaml", asRun, "")
		if err != nil {
			t.Fatalf("parse again: %v\n%s", err, asRun)
		}
		if !s.Scenario.Equal(again.Scenario) {
			t.Fatalf("differs when written and parsed again:\n%s", asRun)
		}
	})
}

// sound checks that an error is Problems, each one line with a place in the data, in order.
func sound(t *testing.T, err error, data []byte) {
	t.Helper()
	var problems source.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("not Problems but %T: %v", err, err)
	}
	lines, last := bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r"))+bytes.Count(data, []byte("\u0085"))+bytes.Count(data, []byte("\u2028"))+bytes.Count(data, []byte("\u2029"))+1, source.Position{}
	for _, p := range problems {
		if p.Line < 1 || p.Column < 1 || p.Line > lines+1 || strings.ContainsAny(p.Error(), "\n\r") {
			t.Fatalf("unsound problem %q at %d:%d of %d lines", p.Error(), p.Line, p.Column, lines)
		}
		if p.Line < last.Line || p.Line == last.Line && p.Column < last.Column {
			t.Fatalf("out of order: %v", problems)
		}
		last = p.Position
	}
	source.Render(problems, data)
}

// seeds are all files of testdata, valid and not.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	var out [][]byte
	valid, _ := filepath.Glob("testdata/valid/*.yaml")
	invalid, _ := filepath.Glob("testdata/invalid/*.txtar")
	if len(valid) == 0 || len(invalid) == 0 {
		t.Fatal("no seeds")
	}
	for _, file := range valid {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, data)
	}
	for _, file := range invalid {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(archive.Files); i += 2 {
			out = append(out, archive.Files[i].Data)
		}
	}
	return out
}

// FuzzFiles: whatever stands in a file that a load names, a log, a HAR file, a description of an API or a table, the scenario parses,
// is written so that it parses again, and can be laid out; or it has mistakes, each with a place in the scenario.
func FuzzFiles(f *testing.F) {
	uses := []struct{ name, load, seed string }{
		{"in.log", "replay: {log: in.log, format: combined}", "access.log"},
		{"in.json", "replay: {log: in.json, format: json}", ""},
		{"in.har", "replay: {har: in.har}", "visit.har"},
		{"in.yaml", "rate: 1/s, openapi: {file: in.yaml, methods: [GET, POST, PUT, DELETE, PATCH]}", "shop.yaml"},
		{"in.csv", "rate: 1/s, data: {d: in.csv}, requests: [{send: 'GET /{d.id}', headers: {A: '{d.id}'}}]", "people.csv"},
		{"in.jsonl", "rate: 1/s, data: {d: in.jsonl}, requests: [{send: 'POST /x', body: '{d.id}'}]", "items.jsonl"},
	}
	for i, use := range uses {
		if data, err := os.ReadFile(filepath.Join("testdata", "data", use.seed)); err == nil {
			f.Add(i, data)
		}
	}
	f.Add(1, []byte(`{"ts": 1767323045.6, "request": {"method": "GET", "uri": "/items/1?x={y}"}}`))
	f.Add(3, []byte("openapi: 3.1.0\npaths: {\"/a{b}/{c-d}\": {put: {parameters: [{name: \"x y\", in: query, required: true, example: \"{z}\"}], requestBody: {content: {application/json: {example: {n: 1e400, at: 2026-01-01, t: \"{q}\"}}}}}}}\n"))
	f.Add(4, []byte("id,name\n\"{x}\n\",b\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, which int, data []byte) {
		use := uses[uint(which)%uint(len(uses))]
		if err := os.WriteFile(filepath.Join(dir, use.name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		text := []byte("scenario: x\ntopology: {app: {kind: image, image: x}}\nload: {users: {to: app, " + use.load + "}}\nphases: [{name: a, for: 1s}]\n")
		file := filepath.Join(dir, "x.yaml")
		doc, err := Parse(file, text, "")
		if err != nil {
			sound(t, err, text)
			return
		}
		if _, err := doc.Plan(1); err != nil {
			t.Fatalf("%s: it can't be laid out: %v", use.name, err)
		}
		asRun, err := AsRun(text, "")
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(file, asRun, "")
		if err != nil || !doc.Scenario.Equal(again.Scenario) {
			t.Fatalf("%s: it differs when written and parsed again: %v\n%s", use.name, err, asRun)
		}
	})
}
