package runner

import (
	"testing"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/record"
)

// Refusals that no caller saw were somebody else's.
func TestRefusalsAreConfirmedByTheirCallers(t *testing.T) {
	on, off := 10.0, 20.0
	for name, c := range map[string]struct {
		receipt  record.Receipt
		failures int64
		met      bool
	}{
		"callers saw them":                 {record.Receipt{Met: true, Connections: 5, Refused: 5}, 5, true},
		"nobody saw them":                  {record.Receipt{Met: true, Connections: 5, Refused: 5}, 0, false},
		"other traffic met the fault too":  {record.Receipt{Met: true, Connections: 6, Refused: 5, Requests: 1}, 0, true},
		"hung connections need no witness": {record.Receipt{Met: true, Connections: 5, Hung: 5}, 0, true},
	} {
		res := &record.Result{
			Faults: []record.Fault{{Edges: []string{"a-1:b-1"}, AppliedS: &on, UndoneS: &off, Receipt: c.receipt}},
			Phases: []record.Phase{
				{Name: "steady", EndS: 10, Edges: []record.Edge{{Name: "a-1:b-1", Failures: 7}}},
				{Name: "refused", StartS: 10, EndS: 20, Edges: []record.Edge{{Name: "a-1:b-1", Failures: c.failures}, {Name: "a-1:c-1", Failures: 9}}},
			},
		}
		confirmRefusals(res)
		if res.Faults[0].Receipt.Met != c.met {
			t.Errorf("%s: met %v, want %v", name, !c.met, c.met)
		}
	}
}

func TestReceiptsAreToldInWords(t *testing.T) {
	for want, r := range map[string]faults.Receipt{
		"no traffic met it":                                {},
		"1 connection, 1 request":                          {Connections: 1, Requests: 1, Bytes: 9},
		"flushed 12 copies of edge-1, promoted db-2":       {Deeds: []faults.Deed{{Instance: "edge-1", What: faults.Flushed, N: 12}, {Instance: "db-2", What: faults.Promoted, N: 1}}},
		"2 connections, 547 SYNs dropped, 1 byte lost":     {Connections: 2, Hung: 547, Lost: 1},
		"3 connections, 2 requests, 3 reset, +1.5 ms each": {Connections: 3, Requests: 2, Reset: 3, DelayMs: 1.5},
	} {
		if got := receiptText(r, "latency"); got != want {
			t.Errorf("%+v is told as %q, want %q", r, got, want)
		}
	}
	if got := receiptText(faults.Receipt{Requests: 20, DelayMs: 72.5}, "bandwidth"); got != "20 requests, data held 72.5 ms on average" {
		t.Errorf("a bandwidth is told as %q", got)
	}
}
