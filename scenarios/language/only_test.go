package language

import (
	"slices"
	"testing"
)

const faulty = `
scenario: faulty
topology: {shop: {kind: service, endpoints: {GET /: [{work: 1ms}]}}, other: {kind: service, endpoints: {GET /: [{call: shop GET /}]}}}
load: {users: {to: other, rate: 10/s, requests: [{send: GET /}]}}
phases:
  - {name: steady, for: 2s}
  - {name: both, for: 2s, faults: [{latency: 5ms, on: other -> shop}, {outage: shop, name: gone}]}
  - {name: v1.2, for: 2s, faults: [{latency: 9ms, on: users -> other}]}
  - {name: after, for: 2s}
expect: [{after: both, recovered_within: 1s}, {in: steady, success: ">= 99%"}, {after: gone, recovered_within: 1s}, {after: v1.2, recovered_within: 1s}]
`

// What is left of a scenario are the faults that are kept, and no expectation about the others.
func TestOnly(t *testing.T) {
	doc, err := Parse("faulty.yaml", []byte(faulty), "")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keep   func(phase, fault int) bool
		faults []string
		expect int
	}{
		"none":       {func(int, int) bool { return false }, nil, 1},
		"the second": {func(p, f int) bool { return p == 1 && f == 1 }, []string{"gone"}, 3},
		"the first":  {func(p, f int) bool { return p == 1 && f == 0 }, []string{""}, 2},
		"the last":   {func(p, _ int) bool { return p == 2 }, []string{""}, 2},
		"all":        {func(int, int) bool { return true }, []string{"", "gone", ""}, 4},
	} {
		sets, err := doc.Only(c.keep)
		if err != nil {
			t.Fatal(name, err)
		}
		left, err := Parse("faulty.yaml", []byte(faulty), "", sets...)
		if err != nil {
			t.Errorf("%s: %v: %v", name, sets, err)
			continue
		}
		var faults []string
		for _, p := range left.Phases {
			for _, f := range p.Faults {
				faults = append(faults, f.Name)
			}
		}
		if !slices.Equal(faults, c.faults) || len(left.Expect) != c.expect {
			t.Errorf("%s: faults %q and %d expectations are left, want %q and %d", name, faults, len(left.Expect), c.faults, c.expect)
		}
	}
}
