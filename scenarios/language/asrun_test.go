package language

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/scenarios"
)

// Every valid file, with every variant, is written as run so that it parses to an equal scenario.
func TestAsRunParsesToAnEqualScenario(t *testing.T) {
	files, err := filepath.Glob("testdata/valid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no valid files: %v", err)
	}
	schema := compiled(t)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, variant := range append(load(t, file, "").Variants, "") {
			t.Run(filepath.Base(file)+"/"+variant, func(t *testing.T) {
				s := load(t, file, variant)
				asRun, err := AsRun(data, variant)
				if err != nil {
					t.Fatal(err)
				}
				again, err := Parse(filepath.Join(filepath.Dir(file), "again.yaml"), asRun, "") // files are seen from its folder
				if err != nil {
					t.Fatalf("%v\n%s", err, asRun)
				}
				if diff := cmp.Diff(s.Essence(), again.Scenario.Essence()); diff != "" || !s.Equal(again.Scenario) {
					t.Errorf("differs (-parsed +written and parsed):\n%s\n%s", diff, asRun)
				}
				if err := schema.Validate(instance(t, asRun)); err != nil {
					t.Errorf("the schema refuses what is written: %v", err)
				}
				twice, err := AsRun(asRun, "")
				if err != nil {
					t.Fatal(err)
				}
				if _, body, _ := bytes.Cut(asRun, []byte("\n")); !bytes.HasSuffix(twice, body) {
					t.Errorf("written again it differs:\n%s", cmp.Diff(string(body), string(twice)))
				}
			})
		}
	}
}

func TestAsRunHidesAPIKeysOnly(t *testing.T) {
	scenario := `scenario: keys
topology:
  api: {kind: service, endpoints: {GET /a: []}}
load:
  a: {to: api, rate: 1/s, api_key: s3cret, requests: [{send: GET /a}]}
  b: {to: api, rate: 1/s, api_key: other, requests: [{send: GET /a}]}
  c: {to: api, rate: 1/s, api_key: s3cret, requests: [{send: GET /a}]}
  d: {to: api, rate: 1/s, requests: [{send: GET /a}]}
phases: [{name: steady, for: 1s}]
`
	asRun, err := AsRun([]byte(scenario), "")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(asRun), "s3cret") {
		t.Errorf("the key stands in\n%s", asRun)
	}
	s, err := Parse("as run", asRun, "")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, l := range s.Scenario.Loads {
		keys = append(keys, l.APIKey)
	}
	if diff := cmp.Diff([]string{"redacted-1", "redacted-2", "redacted-1", ""}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestAsRunTellsMistakes(t *testing.T) {
	_, err := AsRun([]byte("scenario: x\nvariants: {fast: {}}\n"), "fats")
	if err == nil || !strings.Contains(err.Error(), `did you mean "fast"?`) {
		t.Errorf("an unknown variant gives %v", err)
	}
	if _, err := AsRun([]byte("- x\n"), ""); err == nil {
		t.Error("a list is written as a scenario")
	}
}

func TestEqual(t *testing.T) {
	base := load(t, yardstick, "")
	if !base.Equal(load(t, yardstick, "")) {
		t.Error("a file does not equal itself")
	}
	changes := map[string]func(*scenarios.Scenario){
		"name":   func(s *scenarios.Scenario) { s.Name = "x" },
		"node":   func(s *scenarios.Scenario) { s.Nodes[2].Workers++ },
		"step":   func(s *scenarios.Scenario) { s.Nodes[3].Endpoints[0].Steps[1].Timeout++ },
		"rate":   func(s *scenarios.Scenario) { s.Loads[0].Rate++ },
		"key":    func(s *scenarios.Scenario) { s.Loads[0].APIKey = "x" },
		"fault":  func(s *scenarios.Scenario) { s.Phases[1].Faults[0].At++ },
		"bound":  func(s *scenarios.Scenario) { s.Expect[0].Bounds[0].Value = 0.5 },
		"writes": func(s *scenarios.Scenario) { *s.Expect[3].WritesLost = 1 },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			changed := load(t, yardstick, "")
			change(changed)
			if base.Equal(changed) || changed.Equal(base) {
				t.Error("the change is not seen")
			}
		})
	}
	moved := load(t, yardstick, "")
	moved.Variant, moved.Expect[0].Line, moved.Expect[0].Column = "x", 99, 7
	if !base.Equal(moved) {
		t.Error("where it stands makes a difference")
	}
	if base.Equal(nil) || !(*scenarios.Scenario)(nil).Equal(nil) {
		t.Error("nil equals something, or not itself")
	}
}

// A run's seed may come from the command line: what is written as run names it, so that running that again is the
// same run. And it is the text that was parsed that counts, not what has become of its file.
func TestAsRunOfAParsedScenarioHasTheRunsSeed(t *testing.T) {
	const rest = `
templates: {patient: {timeout: 2s, retry: {attempts: 2}}}
topology: {api: {kind: service, use: patient, retry: null, endpoints: {GET /a: [{call: api2 GET /b}]}}, api2: {kind: service, endpoints: {GET /b: []}}}
load: {a: {to: api, rate: 1/s, requests: [{send: GET /a}]}}
phases: [{name: p, for: 1s}]
variants: {fast: {load: {a: {rate: 2/s}}}, seeded: {seed: 5}}
`
	for _, c := range []struct{ head, variant, want string }{
		{"scenario: s", "", "scenario: s\nseed: 7\n"},
		{"scenario: s\nabout: A.", "fast", "scenario: s\nabout: A.\nseed: 7\n"},
		{"scenario: s\nseed: 3\nabout: A.", "", "scenario: s\nseed: 7\nabout: A.\n"},
		{"scenario: s", "seeded", "seed: 7\n"},
	} {
		s, err := Parse("s.yaml", []byte(c.head+rest), c.variant)
		if err != nil {
			t.Fatal(err)
		}
		asRun, err := s.AsRun(7)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("again.yaml", asRun, "")
		if err != nil {
			t.Fatalf("%v\n%s", err, asRun)
		}
		if strings.Count(string(asRun), "timeout") != 1 { // the template's own
			t.Errorf("its templates are resolved:\n%s", asRun)
		}
		if !strings.Contains(string(asRun), c.want) || again.Scenario.Seed != 7 || again.Scenario.Loads[0].Rate != s.Scenario.Loads[0].Rate {
			t.Errorf("%q with variant %q is written as\n%s", c.head, c.variant, asRun)
		}
		if again.Scenario.Seed = s.Scenario.Seed; !s.Scenario.Equal(again.Scenario) {
			t.Errorf("it differs in more than its seed:\n%s", asRun)
		}
	}
}
