package language

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios/topology"
)

// planWith plans a service with a breaker whose changes are these.
func planWith(t *testing.T, changes ...string) (*Document, *topology.Plan, error) {
	t.Helper()
	doc, err := Parse("changing.yaml", []byte(`
scenario: changing
topology:
  api:
    kind: service
    timeout: 1s
    circuit_breaker: {failures: 50%, of: 10, open_for: 1s}
    endpoints: {GET /: [{call: leaf GET /}]}
  leaf: {kind: service, endpoints: {GET /: [{work: 1ms}]}}
load: {users: {to: api, rate: 10/s, requests: [{send: GET /}]}}
phases: [{name: only, for: 60s, faults: [`+strings.Join(changes, ",\n")+`]}]
`), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := doc.Plan(1)
	return doc, p, err
}

// A plan has what every choice of its changes makes, as the language makes it, whichever of them are on.
func TestPlanHasWhatChangesMake(t *testing.T) {
	t.Parallel()
	doc, p, err := planWith(t, "{change: api, with: {timeout: 2s, workers: 3}}", "{change: api, with: {workers: 5, circuit_breaker: {of: 4}}, at: 1s}",
		"{change: api, with: {circuit_breaker: {of: 5, open_for: 9s}}, at: 2s}")
	if err != nil {
		t.Fatal(err)
	}
	for chosen := range 1 << len(p.Faults) {
		var patches []faults.Patch
		for n, f := range p.Faults {
			if chosen>>n&1 == 1 {
				patches = append(patches, f.Fault.Kind.(faults.Change).With)
			}
		}
		want, err := doc.Changed("api", patches...)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Changed("api", patches...); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("choice %b: %+v, %v, want %+v", chosen, got, err, want)
		}
	}
	other := faults.Patch{Text: "{dsn: secret}", Words: "dsn"}
	if _, err := p.Changed("api", other); err == nil || !strings.Contains(err.Error(), `"api": the plan does not have it with dsn`) {
		t.Errorf("a change that is not the plan's: %v", err)
	}
}

// Many changes on top of each other are planned too: each company that they are in, and what is left when the last ones go first.
func TestPlanOfManyChanges(t *testing.T) {
	t.Parallel()
	var changes []string
	for n := range 14 {
		changes = append(changes, fmt.Sprintf("{change: api, with: {workers: %d}, at: %ds, until: end}", n+1, n))
	}
	_, p, err := planWith(t, changes...)
	if err != nil {
		t.Fatal(err)
	}
	var on []faults.Patch
	for n, f := range p.Faults {
		on = append(on, f.Fault.Kind.(faults.Change).With)
		for m := range on {
			if got, err := p.Changed("api", on[:m+1]...); err != nil || got.Workers != m+1 {
				t.Errorf("the first %d of %d changes: %+v, %v", m+1, n+1, got, err)
			}
		}
	}
	if n := len(p.Configurations); n > 1<<9 {
		t.Errorf("%d configurations", n)
	}
}

// Changes that do not go together are a mistake of the one that begins, or that ends, and leaves them so.
func TestChangesThatDoNotGoTogether(t *testing.T) {
	t.Parallel()
	const (
		without = "{change: api, with: {circuit_breaker: null}}"
		whole   = "{change: api, with: {circuit_breaker: {failures: 20%, of: 9, open_for: 1s}}, at: 1s, for: 9s}"
		part    = "{change: api, with: {circuit_breaker: {of: 4}}, at: 2s}"
	)
	for _, test := range []struct {
		changes []string
		want    string
	}{
		{[]string{without, part}, "it does not go together with what has changed before it"},
		{[]string{without, whole, part}, "what is changed when it ends does not go without it"},
		{[]string{part, without}, "it does not go together with what has changed before it"},
		{[]string{whole, part}, ""},
	} {
		_, _, err := planWith(t, test.changes...)
		if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "changing.yaml:")) {
			t.Errorf("%q: %v, want %q", test.changes, err, test.want)
		}
	}
}
