package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What fits a screen is read before it is changed.
const (
	mostLines     = 400 // of a file
	mostTestLines = 600 // of a file of tests
	mostFunction  = 60  // lines of a function
	mostTest      = 140 // lines of a test, which may be one long table or one long story
	mostFiles     = 25  // of a room, its tests aside
)

// siblings are the rooms of many files that are alike, one for each of a kind, and what the kind is.
var siblings = map[string]string{
	"faults":                     "a file for each kind of fault",
	"scenarios":                  "a file for each part of a scenario",
	"scenarios/language/check":   "a file for each part of a scenario",
	"scenarios/language/grammar": "a file for each part of a scenario that is spelled in a way of its own",
}

// No file is longer than can be looked through, no function than a screen, no room has more files than one keeps in mind.
func TestSizes(t *testing.T) {
	for _, p := range packages(t) {
		if files := len(p.GoFiles) + len(p.IgnoredGoFiles); files > mostFiles && siblings[p.ImportPath] == "" {
			t.Errorf("%s has %d files: more than %d; make rooms of it", p.ImportPath, files, mostFiles)
		}
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles) {
			most := mostFunction
			if p.ImportPath == "runner/engine/enginetest" {
				most = mostTest // its functions are tests
			}
			measure(t, filepath.Join(p.Dir, name), mostLines, most)
		}
		for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			measure(t, filepath.Join(p.Dir, name), mostTestLines, mostTest)
		}
	}
}

func measure(t *testing.T, path string, mostLines, mostFunction int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, data, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if ast.IsGenerated(f) {
		return
	}
	if lines := bytes.Count(data, []byte{'\n'}); lines > mostLines {
		t.Errorf("%s has %d lines, more than %d", path, lines, mostLines)
	}
	for _, d := range f.Decls {
		fn, is := d.(*ast.FuncDecl)
		if !is {
			continue
		}
		if lines := files.Position(fn.End()).Line - files.Position(fn.Pos()).Line + 1; lines > mostFunction {
			t.Errorf("%s: %s has %d lines, more than %d", files.Position(fn.Pos()), fn.Name.Name, lines, mostFunction)
		}
	}
}
