package language

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// All files that a scenario names are told, each once, secrets as such; and the variables of the environment that it takes something from.
func TestNeeds(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"people.csv": "name\nann\n", "body.json": "{}", "access.log": `127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.0" 200 2` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("NEEDS_HOST", "example")
	doc, err := Parse(filepath.Join(dir, "x.yaml"), []byte(`scenario: needs
topology:
  a:
    kind: image
    image: x
    env: {HOST: "${NEEDS_HOST}", COST: "$${NO}", OTHER: "${NEEDS_NONE:-none}"}
    files: {/a: ./conf, /b: ./people.csv, /c: {content: x}}
    secrets: {s: {file: sub/s.txt}, e: {environment: NEEDS_SECRET}}
    volumes: [data:/data, "./c:/c"]
load:
  users: {to: a, rate: 10/s, data: {people: {file: people.csv}}, requests: [{send: POST /, file: ./body.json}]}
  again: {to: a, replay: {log: access.log}}
phases: [{name: steady, for: 10s}]
`), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []Needed{
		{filepath.Join(dir, "access.log"), false}, {filepath.Join(dir, "body.json"), false}, {filepath.Join(dir, "c"), false},
		{filepath.Join(dir, "conf"), false}, {filepath.Join(dir, "people.csv"), false}, {filepath.Join(dir, "sub/s.txt"), true},
	}
	if diff := cmp.Diff(want, doc.Needs()); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"NEEDS_HOST", "NEEDS_NONE", "NEEDS_SECRET"}, doc.Variables()); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}
