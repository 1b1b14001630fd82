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
