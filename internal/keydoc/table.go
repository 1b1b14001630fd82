package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// table is a line for each key in the structs of the packages in dirs, sorted: package.Type.Field, a tab, and the first paragraph
// of the field's comment. What comes after the first paragraph is for who reads the code.
func table(dirs []string) (string, error) {
	var lines []string
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				return "", err
			}
			more, err := keys(parsed)
			if err != nil {
				return "", fmt.Errorf("%s: %w", file, err)
			}
			lines = append(lines, more...)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n", nil
}

// keys are the lines of one file.
func keys(file *ast.File) (lines []string, err error) {
	for _, d := range file.Decls {
		declared, is := d.(*ast.GenDecl)
		if !is || declared.Tok != token.TYPE {
			continue
		}
		for _, spec := range declared.Specs {
			named := spec.(*ast.TypeSpec)
			holds, is := named.Type.(*ast.StructType)
			if !is {
				continue
			}
			for _, f := range holds.Fields.List {
				if !isKey(f) {
					continue
				}
				name := fmt.Sprintf("%s.%s.%s", file.Name.Name, named.Name.Name, f.Names[0].Name)
				if f.Doc == nil {
					return nil, fmt.Errorf("%s has no comment, and nothing says what its key means", name)
				}
				first, _, _ := strings.Cut(f.Doc.Text(), "\n\n")
				lines = append(lines, name+"\t"+strings.Join(strings.Fields(first), " "))
			}
		}
	}
	return lines, nil
}

// isKey tells a field that a scenario's file may give.
func isKey(f *ast.Field) bool {
	if f.Tag == nil || len(f.Names) == 0 {
		return false
	}
	tag, err := strconv.Unquote(f.Tag.Value)
	key, _, _ := strings.Cut(reflect.StructTag(tag).Get("yaml"), ",")
	return err == nil && key != "" && key != "-"
}
