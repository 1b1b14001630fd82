package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// firstRecord and firstAnswer are the days from which fields without a since tag have been written.
const firstRecord, firstAnswer = "2026-11-23", "2026-11-29"

// roots are the types that the two files hold.
var roots = []struct{ name, title string }{
	{"Result", "result.json"},
	{"Window", "A line of windows.jsonl"},
	{"Moment", "A line of series.jsonl"},
	{"Trace", "A line of traces.jsonl"},
	{"Written", "A line of writes.jsonl"},
}

// document is the whole text, from the Go files of package record in dir.
func document(dir string) (string, error) {
	structs, err := read(dir)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(`# result.json

What a run's folder keeps: ` + "`result.json`, and beside it `windows.jsonl`" + `, one line a second, request and phase, ` + "`series.jsonl`" + `, one
line a reading of the counters, ` + "`traces.jsonl`" + `, one line a request that is kept hop by hop, and ` + "`writes.jsonl`" + `, one line a
write of a load with a ` + "`read_back`" + `. This file is made
from the comments of package ` + "`runner/record`" + ` (` + "`go generate ./runner/record`" + `); change them, not it.

Fields are added, never renamed. What is ` + "`null`" + ` could not be told: it is never zero. A list or number that is marked optional is absent where
it is empty. Times count from the start of the first phase. What compare, sweep and capacity keep is in [answers.json.md](answers.json.md).
`)
	seen := map[string]bool{}
	for _, root := range roots {
		if err := structs.section(&b, firstRecord, root.name, "## "+root.title, seen); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// types are the structs of a package, by name.
type types map[string]*ast.GenDecl

func read(dir string) (types, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	out := types{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range parsed.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				out[g.Specs[0].(*ast.TypeSpec).Name.Name] = g
			}
		}
	}
	return out, nil
}

// section writes a type's table, and then those of the types in its fields that have none yet.
func (t types) section(b *strings.Builder, first, name, title string, seen map[string]bool) error {
	if seen[name] {
		return nil
	}
	seen[name] = true
	declared := t[name]
	if declared == nil || declared.Doc == nil {
		return fmt.Errorf("type %s has no comment, or is not there", name)
	}
	fmt.Fprintf(b, "\n%s\n\n%s\n\n| field | holds | unit | meaning | since |\n|---|---|---|---|---|\n", title, oneLine(declared.Doc))
	var inner []string
	for _, f := range declared.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType).Fields.List {
		if len(f.Names) == 0 { // embedded: its fields have a table of their own
			continue
		}
		row, of, err := t.row(f, first)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", name, f.Names[0].Name, err)
		}
		b.WriteString(row)
		if of != "" {
			inner = append(inner, of)
		}
	}
	for _, of := range inner {
		if err := t.section(b, first, of, "### "+of, seen); err != nil {
			return err
		}
	}
	return nil
}

// row is a field's line, "" for one that the file does not have, and the struct that it holds, "" for none.
func (t types) row(f *ast.Field, first string) (line, of string, err error) {
	if f.Tag == nil {
		return "", "", fmt.Errorf("it has no json tag")
	}
	text, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return "", "", err
	}
	tag := reflect.StructTag(text)
	name, options, _ := strings.Cut(tag.Get("json"), ",")
	switch {
	case name == "-":
		return "", "", nil
	case f.Doc == nil:
		return "", "", fmt.Errorf("it has no comment")
	}
	holds, of := t.holds(f.Type)
	measure := unit(name, tag.Get("unit"))
	if id, is := f.Type.(*ast.Ident); is && measure == "" && (id.Name == "int64" || id.Name == "float64") {
		return "", "", fmt.Errorf("it counts something and has no unit")
	}
	if options != "" {
		holds += ", optional"
	}
	since := tag.Get("since")
	if since == "" {
		since = first
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", name, holds, measure, meaning(f), since), of, nil
}

// unit is a field's unit: its tag's, or what its name ends in.
func unit(name, tag string) string {
	switch {
	case tag != "":
		return tag
	case strings.HasSuffix(name, "_ms"):
		return "ms"
	case strings.HasSuffix(name, "_s"):
		return "s"
	}
	return ""
}

// holds says what a field of a type holds in JSON's words, and which struct that is, "" for none.
func (t types) holds(e ast.Expr) (words, of string) {
	switch e := e.(type) {
	case *ast.StarExpr:
		words, of = t.holds(e.X)
		return words + " or null", of
	case *ast.ArrayType:
		words, of = t.holds(e.Elt)
		return "list of " + words, of
	case *ast.MapType:
		words, of = t.holds(e.Value)
		return "map of " + words, of
	case *ast.SelectorExpr:
		if e.Sel.Name == "RawMessage" {
			return "object", ""
		}
		return "time, RFC 3339", ""
	case *ast.Ident:
		if declared := t[e.Name]; declared != nil {
			if _, is := declared.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType); is {
				return "[" + e.Name + "](#" + strings.ToLower(e.Name) + ")", e.Name
			}
			return "text", ""
		}
		switch e.Name {
		case "string":
			return "text", ""
		case "bool":
			return "true or false", ""
		}
		return "number", ""
	}
	return "", ""
}

// meaning is a field's comment without the Go name that it begins with.
func meaning(f *ast.Field) string {
	text := oneLine(f.Doc)
	rest, own := strings.CutPrefix(text, f.Names[0].Name+" ")
	verb, after, _ := strings.Cut(rest, " ")
	switch {
	case !own:
		return text
	case verb == "is" || verb == "are":
		rest = after
	case verb != "tells" && verb != "says" && verb != "say" && verb != "counts" && verb != "names" && verb != "makes":
		return text
	}
	return strings.ToUpper(rest[:1]) + rest[1:]
}

func oneLine(c *ast.CommentGroup) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(c.Text()), " "), "|", `\|`)
}
