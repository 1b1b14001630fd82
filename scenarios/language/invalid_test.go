package language

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/squallhq/squall/scenarios/source"
)

// Each archive holds pairs of files: a scenario, and the exact lines that it must be told. A
// scenario's name may end in @VARIANT. With -update the lines are written again, to be read.
//
// In archives named structural-*, the schema must refuse every scenario too.
func TestInvalidFiles(t *testing.T) {
	archives, err := filepath.Glob("testdata/invalid/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no invalid files: %v", err)
	}
	s := compiled(t)
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		structural := strings.HasPrefix(filepath.Base(name), "structural-")
		for i := 0; i+1 < len(archive.Files); i += 2 {
			given, want := archive.Files[i], &archive.Files[i+1]
			title, variant, _ := strings.Cut(given.Name, "@")
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+given.Name, func(t *testing.T) {
				got := told("x.yaml", given.Data, variant)
				if *update {
					want.Name, want.Data = title+".want", []byte(got)
					return
				}
				if want.Name != title+".want" {
					t.Fatalf("%s is followed by %s, not by %s.want", given.Name, want.Name, title)
				}
				if diff := cmp.Diff(string(want.Data), got); diff != "" {
					t.Errorf("problems (-want +got):\n%s", diff)
				}
				if structural && s.Validate(instance(t, given.Data)) == nil {
					t.Error("the schema takes it")
				}
			})
		}
		if *update {
			if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// told is what Parse says, a line each.
func told(file string, data []byte, variant string) string {
	_, err := Parse(file, data, variant)
	if err == nil {
		return "nothing wrong\n"
	}
	if _, ok := err.(source.Problems); !ok {
		return fmt.Sprintf("not Problems but %T\n", err)
	}
	return err.Error() + "\n"
}
