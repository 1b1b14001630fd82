package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/report"
)

// What is wrong with the command line is told apart from what is wrong with the machine.
func TestExitCodesOfWrongCommandLines(t *testing.T) {
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "result.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	const small = "testdata/small.yaml"
	for name, args := range map[string][]string{
		"unknown engine":              {"run", small, "--engine", "bogus"},
		"a range that is none":        {"run", small, "--engine", "docker", "--docker-range", "nonsense"},
		"a folder that holds a run":   {"run", small, "--engine", "virtual", "--quiet", "--out", taken},
		"keep without real time":      {"run", small, "--engine", "virtual", "--keep"},
		"unknown variant":             {"run", small, "--variant", "bogus"},
		"no such file":                {"run", "nothing.yaml"},
		"no such file, to be checked": {"validate", "nothing.yaml", small},
		"unknown flag":                {"plan", small, "--bogus"},
		"unknown format":              {"report", taken, "--format", "xml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SQUALL_STATE", t.TempDir())
			if code := execute(args); code != report.ExitUsage {
				t.Errorf("squall %q: exit %d, want %d", args, code, report.ExitUsage)
			}
		})
	}
}

// All mistakes of a file are told at once: those of its variants too where the scenario itself has some.
func TestValidateTellsTheMistakesOfVariantsToo(t *testing.T) {
	small, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "wrong.yaml")
	wrong := strings.Replace(string(small), "warm_up: 1s", "warm_up: soon", 1) + "variants: {more: {topology: {shop: {replicsa: 2}}}}\n"
	if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	problems, err := validate(file)
	if err != nil || len(problems) != 2 {
		t.Errorf("problems %v, %v; want two: the warm-up's and the variant's", problems, err)
	}
}
