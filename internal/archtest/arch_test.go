// Package archtest holds the house's import table: which package may import which, and why not.
package archtest

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/squallhq/squall/"

// allowed lists, for each package, the packages of ours that it may import. A package that is not listed fails the test.
var allowed = map[string][]string{
	"faults":                        {}, // data about faults: the bottom
	"runner/record":                 {}, // what a run measured: reports work from it alone
	"faults/mesh":                   {"faults"},
	"scenarios/metric":              {}, // what figures are called and mean: values alone
	"scenarios":                     {"faults", "scenarios/metric"},
	"scenarios/topology":            {"faults", "scenarios"},
	"runner/node":                   {"faults", "scenarios", "runner/node/sqlengine"}, // the model of its own part of the scenario
	"runner/node/sqlengine":         {},                                               // SQL and PostgreSQL's types: knows no scenario
	"runner":                        {"faults", "scenarios", "scenarios/topology", "runner/record"},
	"runner/lease":                  {},
	"runner/load":                   {"runner", "runner/record", "scenarios", "scenarios/topology"},
	"runner/engine/injection":       {"faults", "faults/mesh", "runner", "scenarios"}, // what engines with a mesh share
	"runner/engine/withdrawal":      {},                                               // what engines tell callers of an instance that ends
	"runner/engine/process":         {"faults", "faults/mesh", "runner", "runner/engine/injection", "runner/engine/withdrawal", "runner/lease", "runner/node", "runner/record", "scenarios", "scenarios/topology"},
	"runner/engine/docker":          {"faults", "faults/mesh", "runner", "runner/engine/withdrawal", "runner/lease", "runner/node", "runner/record", "scenarios", "scenarios/topology"},
	"runner/engine/virtual":         {"faults", "faults/mesh", "runner", "runner/engine/injection", "runner/engine/withdrawal", "runner/engine/virtual/network", "runner/node", "scenarios", "scenarios/topology"},
	"runner/engine/virtual/network": {}, // TCP's behaviour in memory: any program's
	"report":                        {"runner/record", "scenarios", "scenarios/metric"},
	"runner/engine/enginetest":      {"faults", "runner", "runner/node", "runner/record", "scenarios", "scenarios/topology", "internal/squallbin"},
}

// forbidden names the arrows that people will be tempted to draw, each with its reason.
var forbidden = []struct{ from, to, reason string }{
	{"runner", "report", "a run is recorded before it is judged; reports must work without a runner"},
	{"report", "runner", "reports work from the stored record alone"},
	{"runner/node", "runner", "roles know nothing of engines, so that every engine runs the same ones"},
	{"runner", "faults/mesh", "the conductor speaks primitives; how an edge carries them out is the engine's"},
	{"runner", "runner/engine/process", "engines are wired by cmd"},
	{"runner", "runner/engine/docker", "engines are wired by cmd"},
}

// leaves locks each heavy dependency in one package.
var leaves = map[string][]string{
	"github.com/Shopify/toxiproxy/v2":   {"faults/mesh"},
	"github.com/docker/docker":          {"runner/engine/docker"},
	"github.com/tsenart/vegeta/v12/lib": {"runner/load"},
	"gopkg.in/yaml.v3":                  {"scenarios"},
	"github.com/olekukonko/tablewriter": {"report"},
	"github.com/jackc/pgx/v5":           {"runner/node", "runner/node/sqlengine"},
	"github.com/ncruces/go-sqlite3":     {"runner/node/sqlengine"},
	"github.com/spf13/cobra":            {"cmd/squall"},
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(name, "internal/") || strings.HasPrefix(name, "cmd/") || name == "examples" || strings.HasPrefix(name, "examples/") {
			continue
		}
		may, listed := allowed[name]
		if !listed {
			t.Errorf("%s is not in the import table: add it with what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			ours, is := strings.CutPrefix(imported, module)
			if is && !slices.Contains(may, ours) {
				t.Errorf("%s imports %s%s", name, ours, why(name, ours))
			}
		}
	}
}

func why(from, to string) string {
	for _, f := range forbidden {
		if f.from == from && f.to == to {
			return ": " + f.reason
		}
	}
	return ", which its row in the import table does not allow"
}

func TestHeavyDependenciesStayInTheirLeaf(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(name, "internal/") {
			continue // test support
		}
		for _, imported := range p.Imports {
			for dependency, homes := range leaves {
				if (imported == dependency || strings.HasPrefix(imported, dependency+"/")) && !slices.Contains(homes, name) {
					t.Errorf("%s imports %s, which belongs in %s alone", name, imported, strings.Join(homes, ", "))
				}
			}
		}
	}
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatalf("read package list: %v", err)
		}
		all = append(all, p)
	}
	return all
}
