package language

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

const fromEnvironment = `scenario: env
about: On ${T_WHERE:-staging}.
topology:
  api: {kind: service, workers: "${T_WORKERS}", endpoints: {POST /a: [{write: db}]}}
  db: {kind: database, image: "postgres:${T_TAG}", dsn: "u:${T_SECRET}@d", env: {POSTGRES_PASSWORD: "${T_SECRET}"}, stand_in: {kind: database}}
load:
  a:
    to: api
    rate: ${T_RATE:-2/s}
    api_key: ${T_SECRET}
    headers: {Authorization: "Bearer ${T_SECRET}"}
    requests: [{send: POST /a, body: "{\"pin\": \"${T_SECRET}\"}"}]
phases:
- {name: p, for: 2s}
- {name: changed, for: 2s, faults: [{change: api, with: {workers: "${T_WORKERS_THEN}", timeout: 1s}}]}
`

func setEnvironment(t *testing.T) {
	for name, value := range map[string]string{"T_WORKERS": "3", "T_WORKERS_THEN": "4", "T_TAG": "16", "T_SECRET": "12345678"} {
		t.Setenv(name, value)
	}
}

// What runs has everything filled in; what is written as run has what is nobody's business as the file has it, and the
// rest written out, so that it is the same run whatever becomes of the environment.
func TestAScenarioIsFilledFromTheEnvironment(t *testing.T) {
	setEnvironment(t)
	doc, err := Parse("s.yaml", []byte(fromEnvironment), "")
	if err != nil {
		t.Fatal(err)
	}
	s := doc.Scenario
	got := []any{s.About, s.Nodes[0].Workers, s.Nodes[1].Image, s.Nodes[1].DSN, s.Nodes[1].Env["POSTGRES_PASSWORD"], s.Loads[0].Rate, s.Loads[0].APIKey, s.Loads[0].Headers["Authorization"], s.Loads[0].Requests[0].Body}
	want := []any{"On staging.", 3, "postgres:16", "u:12345678@d", "12345678", 2.0, "12345678", "Bearer 12345678", `{"pin": "12345678"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	asRun, err := doc.AsRun(1)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(asRun), "${T_SECRET}"); n != 5 || strings.Contains(string(asRun), "12345678") || strings.Count(string(asRun), "${") != n {
		t.Errorf("written as run:\n%s", asRun)
	}
	t.Setenv("T_WORKERS", "9")
	t.Setenv("T_WHERE", "elsewhere")
	again, err := Parse("again.yaml", asRun, "")
	if err != nil {
		t.Fatal(err)
	}
	if again.Scenario.Seed = 0; !s.Equal(again.Scenario) {
		t.Errorf("it is another scenario: %s\n%s", cmp.Diff(s.Essence(), again.Scenario.Essence()), asRun)
	}
	change := s.Phases[1].Faults[0].Kind.(faults.Change).With
	if changed, err := doc.Changed("api", change); err != nil || changed.Workers != 4 || change.Words != "workers 4, timeout 1s" {
		t.Errorf("changed it is %+v, %v, by %s", changed, err, change.Words)
	}
}

// The scenario as it may be told does not depend on secrets, and does on all else that came from the environment.
func TestWhatIsToldOfAScenarioHasNoSecrets(t *testing.T) {
	setEnvironment(t)
	told := func() string {
		doc, err := Parse("s.yaml", []byte(fromEnvironment), "")
		if err != nil {
			t.Fatal(err)
		}
		if doc.WithStandIns(scenarios.Reach{}).Told() == doc.WithStandIns(scenarios.Reach{}).Scenario {
			t.Error("with stand-ins in, all is told")
		}
		text, err := json.Marshal(doc.Told())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := told()
	if strings.Contains(first, "12345678") {
		t.Errorf("told: %s", first)
	}
	t.Setenv("T_SECRET", "another one")
	if diff := cmp.Diff(first, told()); diff != "" {
		t.Errorf("it depends on a secret:\n%s", diff)
	}
	t.Setenv("T_TAG", "17")
	if first == told() {
		t.Error("it does not depend on what is no secret")
	}
	doc, err := Parse("s.yaml", []byte(minimal), "")
	if err != nil {
		t.Fatal(err)
	}
	if doc.Told() != doc.Scenario {
		t.Error("a scenario without secrets is not told as it is")
	}
}

const minimal = `scenario: s
topology: {api: {kind: service, endpoints: {GET /a: []}}}
load: {a: {to: api, rate: 1/s, requests: [{send: GET /a}]}}
phases: [{name: p, for: 1s}]
`

// A change on the command line takes from the environment as the file does, and tells as little.
func TestAChangeIsFilledFromTheEnvironment(t *testing.T) {
	setEnvironment(t)
	doc, err := Parse("s.yaml", []byte(minimal), "", "load.a.api_key=${T_SECRET}", "load.a.rate=${T_WORKERS}/s")
	if err != nil {
		t.Fatal(err)
	}
	if l := doc.Scenario.Loads[0]; l.APIKey != "12345678" || l.Rate != 3 || doc.Told().Loads[0].APIKey != "${T_SECRET}" {
		t.Errorf("the load is %+v", l)
	}
	asRun, err := doc.AsRun(1)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(asRun), "12345678") || !strings.Contains(string(asRun), "${T_SECRET}") {
		t.Errorf("written as run:\n%s", asRun)
	}
	if _, err := Parse("s.yaml", []byte(minimal), "", "load.a.api_key=${T_NONE}"); err == nil || !strings.Contains(err.Error(), "T_NONE is not set") {
		t.Errorf("what is not set gives %v", err)
	}
}

// A mistake about a secret does not tell it.
func TestMistakesDoNotTellSecrets(t *testing.T) {
	t.Setenv("T_SECRET", "not a host/hunter2")
	file := strings.Replace(minimal, "rate: 1/s", `rate: 1/s, headers: {Host: "${T_SECRET}"}`, 1)
	_, err := Parse("s.yaml", []byte(file), "")
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "${T_SECRET}") {
		t.Errorf("the mistake is told as %v", err)
	}
}

// What came from the environment is sent in a command of Redis, and the request is called by what the file has.
func TestACommandIsNotCalledByItsSecret(t *testing.T) {
	setEnvironment(t)
	for _, command := range []string{`"SET pin ${T_SECRET}"`, `[SET, pin, "${T_SECRET}"]`} {
		doc, err := Parse("s.yaml", []byte("scenario: env\ntopology: {hot: {kind: image, part: redis}}\n"+
			"load: {a: {to: hot, rate: 1/s, requests: [{command: "+command+"}]}}\nphases: [{name: p, for: 2s}]\n"), "")
		if err != nil {
			t.Fatal(err)
		}
		for which, s := range map[string]*scenarios.Scenario{"as run": doc.Scenario, "as told": doc.Scenario.Told()} {
			if r := s.Loads[0].Requests[0]; r.Send != "SET pin ${T_SECRET}" {
				t.Errorf("%s it is called %q", which, r.Send)
			}
		}
		if sent := doc.Loads[0].Requests[0].Command; sent[2] != "12345678" {
			t.Errorf("it sends %q", sent)
		}
	}
}
