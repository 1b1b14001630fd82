package main

import (
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

func TestTheTableIsInStepWithTheComments(t *testing.T) {
	const kept = "../../scenarios/language/grammar/keys.txt"
	got, err := table([]string{"../../scenarios", "../../scenarios/language/grammar", "../../faults"})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is behind the comments: go generate ./scenarios/language/grammar", kept)
	}
}

func TestKeysHaveTheFirstParagraphOfTheirComment(t *testing.T) {
	const source = "package p\n\ntype Shop struct {\n\t// How many\n\t// tills.\n\t//\n\t// Not for users.\n\tTills int `yaml:\"tills\"`\n\tOpen bool\n}\n"
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	got, err := keys(file)
	if err != nil || len(got) != 1 || got[0] != "p.Shop.Tills\tHow many tills." {
		t.Errorf("%q, %v", got, err)
	}
	file, err = parser.ParseFile(token.NewFileSet(), "p.go", strings.Replace(source, "\t// How many\n\t// tills.\n\t//\n\t// Not for users.\n", "", 1), parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys(file); err == nil || !strings.Contains(err.Error(), "p.Shop.Tills has no comment") {
		t.Errorf("a key without a comment: %v", err)
	}
}
