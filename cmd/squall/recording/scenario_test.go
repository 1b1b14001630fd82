package recording

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

// shop is a scenario with comments, in its owner's own style.
const shop = `# The shop's game day.
scenario: shop

topology:
  shop: {kind: service, replicas: 4, endpoints: {"GET /x": [{work: 1ms}, {call: "stock GET /y"}]}}
  stock: {kind: service, replicas: 2, endpoints: {"GET /y": [{work: 1ms}]}}
load:
  # Everybody.
  users: {to: shop, requests: [{send: GET /x}], stages: [{for: 10s, from: 10/s, to: 20/s}, {for: 20s, rate: 20/s}]}
phases:
  - {name: steady, for: 10s} # nothing
  # The one that matters.
  - name: slow
    for: 10s
    faults:
      - {latency: 20ms, on: shop -> stock, at: 2s, for: 4s} # as usual
  - {name: after, for: 10s, faults: [{refuse: shop-1 -> stock-1}]}
expect:
  - {in: steady, success: ">= 50%"}
  - {in: after, success: ">= 50%"} # the last
hooks:
  - {at: latency 20ms, when: end, run: [./page.sh]}
  - {at: steady, run: [./page.sh, "--severity", page]} # kept
  - {at: after, run: [./page.sh]}
`

// session is a run of shop with what people did.
func session(t *testing.T, durationS float64, actions ...record.Action) *record.Result {
	t.Helper()
	dir := t.TempDir()
	own := filepath.Join(dir, "shop.yaml")
	if err := os.WriteFile(own, []byte(shop), 0o600); err != nil {
		t.Fatal(err)
	}
	doc, err := language.LoadFile(own, "")
	if err != nil {
		t.Fatal(err)
	}
	asRun, err := doc.AsRun(7)
	if err != nil {
		t.Fatal(err)
	}
	return &record.Result{Run: "r", Engine: "process", Seed: 7, File: own, AsRun: string(asRun), DurationS: durationS, Actions: actions,
		Events: []record.Event{{AtS: 3.5, Kind: "said", Text: "the pager rang (by ann, squall ctl)"}, {AtS: 4, Kind: "said", Text: "clear act 1 (by ann, squall ctl)"}}}
}

// by is what ann put on from one time until another; 0: it was on until the end.
func by(at, until float64, fault string) record.Action {
	a := record.Action{Who: record.ByHand, Person: "ann", Door: "squall ctl", AtS: at, What: "it", On: "there", Fault: fault}
	if until > 0 {
		a.UndoneS = &until
	}
	return a
}

func turned(what, phase string, at float64, until ...float64) record.Action {
	a := record.Action{Who: record.ByHand, Person: "bob", Door: "page", AtS: at, What: what, On: "phase " + phase, Phase: phase}
	if len(until) > 0 {
		a.UndoneS = &until[0]
	}
	return a
}

func made(t *testing.T, res *record.Result) (string, []string, *language.Document) {
	t.Helper()
	text, left, err := Scenario(res)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := language.Parse("again.yaml", text, "")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return string(text), left, doc
}

// What people put on is in the phase in which they did, for as long as it was on; the rest of the file is as its owner wrote it.
func TestActsAreFaultsOfTheirPhases(t *testing.T) {
	outside := record.Action{Who: record.ByOutside, Door: "container engine", AtS: 12.25, What: "stop", On: "stock-1"}
	text, left, doc := made(t, session(t, 30,
		by(3.2004, 4.7, "latency: 300ms, on: users -> shop, for: 1m"), by(8, 13.5, "{crash: stock-2, restart_after: 9s}"), outside, by(25, 0, "blackhole: users -> shop")))
	for _, want := range []string{
		"# Recorded from run r (process engine)", "# The shop's game day.\nscenario: shop\nseed: 7\n\ntopology:\n", "  # Everybody.\n",
		"  # 3.500 s: the pager rang (by ann, squall ctl)\n", "  # The one that matters.\n", "# nothing\n", "# as usual\n", "# the last\n",
		"      # by ann, squall ctl, at 3.200 s\n      - {latency: 300ms, on: users -> shop, at: 3.2s, for: 1.5s}\n",
		"      - {crash: stock-2, restart_after: 5.5s, at: 8s, outlasts: true}\n", "12.250 s: stop on stock-1 (from outside, container engine): not carried over",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	last := doc.Phases[2].Faults
	if len(last) != 2 || last[1].At != 5*time.Second || last[1].For != 5*time.Second {
		t.Errorf("what was on until the end is %+v", last)
	}
	if len(left) != 1 || !strings.Contains(left[0], "it came from outside") {
		t.Errorf("left: %q", left)
	}
	if t.Failed() {
		t.Log(text)
	}
}

// Phases are as long as they were, with the scenario's own faults and stages at the times at which they came.
func TestPhasesAreAsTheyWere(t *testing.T) {
	text, left, doc := made(t, session(t, 31, // steady 0-15 (held 5 s from 5 s on), slow 15-21 (ended 1 s before its fault), after 21-31
		turned("hold", "steady", 5, 10), by(16, 22, "latency: 1s, on: users -> shop"), turned("next", "slow", 21)))
	want := []time.Duration{15 * time.Second, 6 * time.Second, 10 * time.Second}
	for i, p := range doc.Phases {
		if p.For != want[i] {
			t.Errorf("phase %s is %s long, want %s", p.Name, p.For, want[i])
		}
	}
	if f := doc.Phases[1].Faults; len(f) != 2 || f[0].At != 2*time.Second || f[0].For != 4*time.Second || f[1].At != time.Second || f[1].For != 6*time.Second || !f[1].Outlasts {
		t.Errorf("faults of the phase that was ended: %+v", f)
	}
	shape := doc.Loads[0].Stages
	if len(shape) != 5 || shape[0].For != 5*time.Second || shape[0].To != 15 || shape[1].For != 5*time.Second || shape[1].Rate != 15 || shape[2].To != 20 || shape[3].For != 6*time.Second {
		t.Errorf("stages %+v", shape)
	}
	if len(left) != 0 || !strings.Contains(text, "# 5.000 s: held until 10.000 s (by bob, page)") || !strings.Contains(text, "# 21.000 s: ended early (by bob, page)") {
		t.Errorf("left %q of\n%s", left, text)
	}
}

// What did not come is left out with what was expected of it, and said.
func TestWhatDidNotCome(t *testing.T) {
	res := session(t, 4, turned("next", "steady", 3), turned("skip", "after", 4))
	res.Partial = true
	text, left, doc := made(t, res)
	if len(doc.Phases) != 2 || doc.Phases[1].For != time.Second || len(doc.Phases[1].Faults) != 0 || len(doc.Expect) != 1 || len(doc.Hooks) != 1 || doc.Hooks[0].At != "steady" {
		t.Errorf("phases %+v\n%s", doc.Phases, text)
	}
	for _, want := range []string{"latency 20ms on shop -> stock of phase slow", "phase after: it did not come", "expectation ", "hook ./page.sh at the end of latency 20ms", "hook ./page.sh at the begin of after"} {
		if !slices.ContainsFunc(left, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("left %q does not say %q", left, want)
		}
	}
}

// Rates that people changed are stages.
func TestRatesThatPeopleChanged(t *testing.T) {
	pace := func(at, until float64, what string) record.Action {
		a := by(at, until, "")
		a.What, a.On, a.Stays = what, "load users", until == 0
		return a
	}
	text, left, doc := made(t, session(t, 30, pace(5, 12, "x2"), pace(12, 0, "7.5/s")))
	var got []string
	for _, s := range doc.Loads[0].Shape() {
		got = append(got, fmt.Sprintf("%s %g-%g", s.For, s.From, s.To))
	}
	if want := []string{"5s 10-15", "5s 30-40", "2s 40-40", "18s 7.5-7.5"}; !slices.Equal(got[:4], want) || len(left) != 0 || !strings.Contains(text, "# 12.000 s: rate of load users: 7.5/s (by ann, squall ctl)") {
		t.Errorf("stages %v, want %v, left %q\n%s", got, want, left, text)
	}
}

// A phase that waited for somebody is as long as it took, and waits no more.
func TestAPhaseThatWaited(t *testing.T) {
	res := session(t, 22, turned("go", "slow", 12))
	waits := strings.Replace(shop, "  - name: slow\n", "  - name: slow\n    until: go\n", 1)
	if err := os.WriteFile(res.File, []byte(waits), 0o600); err != nil {
		t.Fatal(err)
	}
	doc, err := language.LoadFile(res.File, "")
	if err != nil {
		t.Fatal(err)
	}
	asRun, err := doc.AsRun(7)
	if err != nil {
		t.Fatal(err)
	}
	res.AsRun = string(asRun)
	text, _, doc := made(t, res)
	if p := doc.Phases[1]; p.For != 2*time.Second || p.Waits() || !strings.Contains(text, "# 12.000 s: the phase had waited for this go (by bob, page)") {
		t.Errorf("%+v\n%s", p, text)
	}
}

// Where chance would choose others now, those that it was on are named; a file that was changed since is not taken.
func TestChosenByChance(t *testing.T) {
	chosen := by(1, 2, "pause: {node: shop, share: 50%}")
	chosen.Instances = []string{"shop-2", "shop-4"}
	other := by(3, 4, "pause: {node: shop, share: 50%}")
	other.Instances = []string{"shop-1", "shop-3"}
	res := session(t, 30, chosen, other)
	if err := os.WriteFile(res.File, []byte(strings.Replace(shop, "replicas: 4", "replicas: 1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	text, left, doc := made(t, res)
	p, err := doc.Plan(7)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Faults[0].Targets.Instances; !slices.Equal(got, chosen.Instances) {
		t.Errorf("the first one is on %v\n%s", got, text)
	}
	if got := p.Faults[1].Targets.Instances; !slices.Equal(got, other.Instances) || len(left) != 0 {
		t.Errorf("the second one is on %v, left %q\n%s", got, left, text)
	}
}

// An act without which the scenario holds, and with which it does not, is left out with the reason.
func TestWhatDoesNotGoTogether(t *testing.T) {
	text, left, doc := made(t, session(t, 30, by(1, 2, "latency: 10ms, on: nowhere"), by(3, 4, "latency: 10ms, on: users -> shop")))
	if len(doc.Phases[0].Faults) != 1 || len(left) != 1 || !strings.Contains(left[0], "nowhere") {
		t.Errorf("left %q\n%s", left, text)
	}
}
