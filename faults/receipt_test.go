package faults_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

// What was refused, or waits for an answer to its SYN, met the fault as surely as what crossed the edge under it did.
func TestCoverage(t *testing.T) {
	const unknown = -1
	for name, c := range map[string]struct {
		receipt faults.Receipt
		want    float64
	}{
		"nothing came":          {faults.Receipt{}, unknown},
		"a share":               {faults.Receipt{Requests: 32, Crossed: 200}, .16},
		"one crossed before":    {faults.Receipt{Requests: 1, Crossed: 2, Refused: 60}, 61. / 62},
		"all were refused":      {faults.Receipt{Refused: 19}, 1},
		"one before a silence":  {faults.Receipt{Requests: 1, Connections: 1, Crossed: 2, CrossedConnections: 1, Hung: 465}, 466. / 467},
		"all in silence":        {faults.Receipt{Hung: 7}, 1},
		"silence ended by hand": {faults.Receipt{Requests: 1, Connections: 1, Crossed: 200, CrossedConnections: 31, Hung: 40}, 41. / 240},
		"connections alone":     {faults.Receipt{Connections: 3, CrossedConnections: 4}, .75},
		"more met than crossed": {faults.Receipt{Requests: 5, Crossed: 4}, 1},
	} {
		got, told := c.receipt.Coverage()
		if !told {
			got = unknown
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What became of an instance whose machine was drained is told as far as it was measured.
func TestDrainedInWords(t *testing.T) {
	took, away, yes := 1234*time.Millisecond, 4100*time.Millisecond, true
	n := func(v int64) *int64 { return &v }
	for want, d := range map[string]faults.Deed{
		"a-1 was not there to be drained": {},
		"a-1 drained from m":              {N: 1, Drain: &faults.DrainDeed{Machine: "m"}},
		"a-1 drained from m in 1.23 s, killed as its grace was over (1 connection, no request in flight)": {N: 1, Drain: &faults.DrainDeed{
			Machine: "m", Took: &took, Killed: &yes, Connections: n(1), InFlight: n(0)}},
		"a-1 drained from m in 1.23 s (no connection, 2 requests in flight, 1 unanswered), up on o 4.1 s later": {N: 1, Drain: &faults.DrainDeed{
			Machine: "m", Took: &took, Connections: n(0), InFlight: n(2), Unanswered: n(1), Elsewhere: "o", Away: &away}},
		"a-1 drained from m, not elsewhere: its data is where it was": {N: 1, Drain: &faults.DrainDeed{Machine: "m", Stayed: "its data is where it was"}},
	} {
		d.Instance, d.What = "a-1", faults.Drained
		if got := d.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if (faults.Receipt{Deeds: []faults.Deed{d}}).Met() {
			t.Errorf("%q met no traffic, and is said to have", want)
		}
	}
}
