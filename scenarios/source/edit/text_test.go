package edit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/source/edit"
)

// A text of which nothing is changed is as it was, to the byte; one whose parts are written anew says the same.
func TestEveryScenarioSurvives(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../../examples/*.yaml", "../../../examples/patterns/*.yaml", "../../language/testdata/valid/*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no files are %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	anew := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := edit.Read(data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if same, err := text.Bytes(); err != nil || string(same) != string(data) {
			t.Errorf("%s is not as it was: %v\n%s", file, err, same)
		}
		was, err := language.Parse(file, data, "")
		if err != nil {
			continue // it needs a variant, or something of this machine
		}
		text.Replace("phases", text.Items("phases"))
		text.Replace("expect", text.Items("expect"))
		text.Within("load")
		out, err := text.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		is, err := language.Parse(file, out, "")
		if err != nil || !is.Equal(was.Scenario) {
			t.Errorf("%s written anew says something else: %v\n%s", file, err, out)
		}
		anew++
	}
	if anew < 20 {
		t.Errorf("only %d of %d files were written anew", anew, len(files))
	}
}

// Keys may be added, changed and taken away, and what stands around them stays.
func TestParts(t *testing.T) {
	const was = "# head\nname: x\n\n# about a\na: [{b: 1}, {b: 2, c: 3}] # beside\n# about z\nz:\n  y: 1 # one\n# foot\n"
	text, err := edit.Read([]byte(was))
	if err != nil {
		t.Fatal(err)
	}
	items := text.Items("a")
	items[1].Set("b", "5")
	items[1].Remove("c")
	items[1].Above("line\none", "two")
	text.Replace("a", items[1:])
	text.Put("seed", "7", "name")
	text.Within("z").Set("y", "2")
	got, err := text.Bytes()
	const want = "# head\nname: x\nseed: 7\n\n# about a\na:\n  # line one\n  # two\n  - {b: 5}\n# about z\nz:\n  y: 2 # one\n# foot\n"
	if err != nil || string(got) != want {
		t.Errorf("%v: it is\n%s\nwant\n%s", err, got, want)
	}
	text.Replace("a", nil)
	if got, err = text.Bytes(); err != nil || string(got) != "# head\nname: x\nseed: 7\n# about z\nz:\n  y: 2 # one\n# foot\n" {
		t.Errorf("%v: without a it is\n%s", err, got)
	}
	for _, bad := range []string{"- a\n", "{a: 1}\n", "a: [\n", ""} {
		if _, err := edit.Read([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
