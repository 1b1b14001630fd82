package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The documents are what the types say. Where they are not: go generate ./runner/record ./report/answer.
func TestDocumentIsInStep(t *testing.T) {
	for _, one := range []struct {
		of         func(string) (string, error)
		dir, about string
	}{
		{document, "../../runner/record", "../../docs/result.json.md"},
		{answers, "../../report", "../../docs/answers.json.md"},
	} {
		got, err := one.of(one.dir)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(one.about)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s is not what the types say; go generate ./runner/record ./report/answer (-file +types):\n%s", one.about, diff)
		}
	}
}

// A field without a comment has no place in the document, nor has a measured number without a unit.
func TestEveryFieldSaysWhatItIs(t *testing.T) {
	dir := t.TempDir()
	write := func(field string) {
		t.Helper()
		source := "package record\n\n// Result is it.\ntype Result struct {\n" + field + "\n}\n\n// Window is one.\ntype Window struct{}\n\n// Moment is one.\ntype Moment struct{}\n\n// Trace is one.\ntype Trace struct{}\n\n// Written is one.\ntype Written struct{}\n"
		if err := os.WriteFile(dir+"/result.go", []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for field, want := range map[string]string{
		"// A is one.\nA int64 `json:\"a\" unit:\"requests\"`": "",
		"A int64 `json:\"a\" unit:\"requests\"`":               "Result.A: it has no comment",
		"// A is one.\nA int64":                                "Result.A: it has no json tag",
		"// A is one.\nA int64 `json:\"a\"`":                   "Result.A: it counts something and has no unit",
		"// A is one.\nA float64 `json:\"a_s\"`":               "",
	} {
		write(field)
		_, err := document(dir)
		if got := ""; err != nil || want != "" {
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, want) || want == "" {
				t.Errorf("%q: %q, want %q", field, got, want)
			}
		}
	}
}
