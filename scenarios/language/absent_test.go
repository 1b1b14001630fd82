package language

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A file that an image is to be given and that is not there is told where the scenario names it; one that is there is not.
func TestAbsentFilesAreTold(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "there"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "x.yaml")
	doc, err := Parse(file, []byte(`scenario: absent
topology:
  a:
    kind: image
    image: x
    files: {/a: ./there, /b: ./b}
    secrets: {s: {file: s.txt}}
    volumes: [data:/data, "./c:/c"]
load: {users: {to: a, rate: 10/s, requests: [{send: GET /}]}}
phases: [{name: steady, for: 10s}]
`), "")
	if err != nil {
		t.Fatal(err) // a scenario that was run is read without its files
	}
	fix := "no such file or directory; put it into " + dir + ", where the scenario is, or write the path from there"
	want := file + `:6:30: "./b" can't be used: ` + fix + "\n" +
		file + `:7:15: "s.txt" can't be used: ` + fix + "\n" +
		file + `:8:27: "./c" can't be used: ` + fix
	if err := doc.Absent(); err == nil {
		t.Error("nothing is absent")
	} else if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
