package faults

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestKinds holds the table to what the scenario decoder and `squall explain` rely on.
func TestKinds(t *testing.T) {
	words := map[string]bool{}
	for _, e := range Kinds {
		if words[e.Word] {
			t.Errorf("two rows for %q", e.Word)
		}
		words[e.Word] = true
	}
	for _, e := range Kinds {
		t.Run(e.Word, func(t *testing.T) {
			if e.Zero.Kind() != e.Word {
				t.Errorf("its kind calls itself %q", e.Zero.Kind())
			}
			if got, ok := Lookup(e.Word); !ok || reflect.TypeOf(got.Zero) != reflect.TypeOf(e.Zero) {
				t.Errorf("lookup finds %#v", got)
			}
			x := e.Explain
			for what, text := range map[string]string{"summary": x.Summary, "new": x.New, "open": x.Open, "lifted": x.Lifted} {
				if len(text) < 10 {
					t.Errorf("%s is missing", what)
				}
			}
			if !strings.HasPrefix(x.Example, "{"+e.Word+": ") || !strings.HasSuffix(x.Example, "}") {
				t.Errorf("the example is not a line of a scenario: %s", x.Example)
			}
			if !strings.HasSuffix(x.Summary, ".") {
				t.Errorf("the summary is no sentence: %s", x.Summary)
			}
			checkKeys(t, e, words)
		})
	}
}

// checkKeys wants every parameter to have a key, a description and, beside a fault's own keys and
// the kinds' words, a name of its own.
func checkKeys(t *testing.T, e Entry, words map[string]bool) {
	fixed := map[string]bool{"name": true, "on": true, "at": true, "for": true}
	sized := false
	typ := reflect.TypeOf(e.Zero)
	for i := range typ.NumField() {
		f := typ.Field(i)
		key := f.Tag.Get("yaml")
		switch {
		case key == "" || f.Tag.Get("json") == "":
			t.Errorf("%s lacks yaml or json", f.Name)
		case fixed[key]:
			t.Errorf("%s takes a fault's own key %q", f.Name, key)
		case key == e.Word:
			sized = true
		case words[key]:
			t.Errorf("%s has another kind's word %q: a line could be either", f.Name, key)
		}
	}
	if sized != (e.Selection == SelectOn) {
		t.Errorf("selection %d, but a size under its own word: %v", e.Selection, sized)
	}
}

func TestLookupKnowsNothingElse(t *testing.T) {
	if e, ok := Lookup("gremlins"); ok {
		t.Errorf("found %v", e)
	}
}

func TestSelectorInWords(t *testing.T) {
	name := func(n string) Selector { return Selector{Name: n} }
	tests := map[string]Selector{
		"payments":                      name("payments"),
		"50% of payments":               {Name: "payments", Share: 0.5},
		"orders -> payments-2":          {Edge: &EdgeSelector{From: name("orders"), To: name("payments-2")}},
		"orders <-> 20% of payments":    {Edge: &EdgeSelector{From: name("orders"), To: Selector{Name: "payments", Share: 0.2}, Both: true}},
		"(api, region eu)":              {Any: []Selector{name("api"), {Region: "eu"}}},
		"kind service zone a team=x z=": {Role: "service", Zone: "a", Labels: map[string]string{"z": "", "team": "x"}},
	}
	for want, s := range tests {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPrimitiveInWords(t *testing.T) {
	tests := []struct {
		p        Primitive
		do, undo string
	}{
		{Primitive{Op: OpToxic, Edge: "a-1:b-1", Toxic: &Toxic{Stream: "upstream", Toxicity: 0.5, Per: "request", Attributes: LatencyToxic{Latency: 10, Jitter: 1}}},
			`toxic latency upstream {"jitter":1,"latency":10} for 0.5 of each request on a-1:b-1`, "take toxic latency upstream off a-1:b-1"},
		{Primitive{Op: OpOutage, Edge: "a-1:b-1", Outage: &EdgeOutage{New: NewSlow, Open: OpenLose, Direction: Up, Delay: time.Second}},
			"outage new=slow open=lose up 1s on a-1:b-1", "lift outage of a-1:b-1"},
		{Primitive{Op: OpKill, Instance: "b-1"}, "kill b-1", "start b-1 again"},
		{Primitive{Op: OpPause, Instance: "b-1"}, "pause b-1", "resume b-1"},
		{Primitive{Op: OpCPU, Instance: "b-1", CPUs: 0.5}, "cpu 0.5 on b-1", "put cpu back on b-1"},
		{Primitive{Op: OpBehave, Instance: "b-1", Behaviour: &Behaviour{Errors: 0.1, Status: 503, Slow: time.Second, Factor: 2}},
			"behave errors=0.1 status=503 slow=1s factor=2 on b-1", "put behaviour back on b-1"},
		{Primitive{Op: OpAsk, Instance: "b-1", Ask: Ask{Flush: FlushHard}}, "ask flush=hard of b-1", "withdraw flush=hard of b-1"},
		{Primitive{Op: OpAsk, Instance: "b-1", Ask: Ask{Replay: Replay{Subscriber: "c"}}}, "ask replay to c of b-1", "withdraw replay to c of b-1"},
	}
	for _, test := range tests {
		if got := test.p.String(); got != test.do {
			t.Errorf("got %q, want %q", got, test.do)
		}
		if got := test.p.Undo(); got != test.undo {
			t.Errorf("undo: got %q, want %q", got, test.undo)
		}
	}
}

// TestPrimitivesCrossTheWire: what a mesh in another process decodes is what was sent.
func TestPrimitivesCrossTheWire(t *testing.T) {
	targets := Targets{Edges: []string{"a-1:b-1"}, Instances: []string{"b-1"}, Nodes: []Node{{CPUs: 1}}}
	for _, k := range []Kind{Latency{Delay: time.Second, Shape: "normal"}, Bandwidth{Rate: 1234}, SlowAccept{Delay: time.Second}, HalfOpen{}, Crash{}, Flush{}, Replay{Subscriber: "c"}, Slicer{Size: 64}, Timeout{}, CPU{Cores: 0.3}, Slow{Factor: 2}} {
		sent := k.Compile(targets)
		wire, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		var got []Primitive
		if err := json.Unmarshal(wire, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(sent, got) {
			t.Errorf("%s: sent %v, got %v", k, sent, got)
		}
	}
}

func TestReceiptsAdd(t *testing.T) {
	a := Receipt{Connections: 1, Requests: 10, Bytes: 100, Refused: 1, Hung: 2, Reset: 3, Closed: 4, Lost: 5, DelayMs: 200}
	b := Receipt{Connections: 3, Requests: 30, Bytes: 50, DelayMs: 100}
	want := Receipt{Connections: 4, Requests: 40, Bytes: 150, Refused: 1, Hung: 2, Reset: 3, Closed: 4, Lost: 5, DelayMs: 125}
	if got := a.Add(b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if (Receipt{}).Met() || !b.Met() || (Receipt{}).Add(Receipt{}).Met() {
		t.Error("only a receipt with traffic is met")
	}
	flushed, idle, mute := Deed{Instance: "edge-1", What: Flushed, N: 3}, Deed{Instance: "db-2", What: Promoted}, Deed{Instance: "s-1", What: Replayed, N: 7, Unread: true}
	all := Receipt{Deeds: []Deed{flushed}}.Add(Receipt{Deeds: []Deed{idle, mute}})
	if want := (Receipt{Deeds: []Deed{flushed, idle, mute}}); !reflect.DeepEqual(all, want) || !all.Met() {
		t.Errorf("got %+v, want %+v, met", all, want)
	}
	if (Receipt{Deeds: []Deed{idle, mute}}).Met() {
		t.Error("what did nothing, and what did not say, is not met")
	}
	if got, want := DeedsText(all.Deeds), "flushed 3 copies of edge-1, db-2 was not promoted, s-1 did not say what it has replayed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (Receipt{DelayMs: 7}).Add(Receipt{}); got.DelayMs != 7 {
		t.Errorf("a delay without traffic became %g", got.DelayMs)
	}
}
