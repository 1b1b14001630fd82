// Package scenarios is the model that a scenario file describes: a topology, its load, what goes wrong and when, and what
// must hold.
//
// The model is plain data: comparable where Go allows it, printable, free of goroutines and
// handles. How it is read is package language; what runs is built from it elsewhere (topology, the
// engines, the load generator).
// Units in the model: durations are time.Duration, shares are fractions in [0,1], rates are per
// second, sizes are bytes, bandwidths are bytes per second.
//
// Non-goals: this package starts nothing and knows no engine.
package scenarios

import (
	"time"

	"github.com/squallhq/squall/faults"
)

// Scenario is one file, its templates resolved and one variant applied.
// Maps of the file (topology, load) are slices here, in the file's order.
type Scenario struct {
	// The scenario's name: one line of at most 100 letters, and part of the name of the folders of its runs.
	Name string `yaml:"scenario" need:"yes" json:"scenario"`
	// What this scenario shows, in a sentence.
	About string `yaml:"about" json:"about,omitempty"`
	// What a game day is to show, in a sentence: that users notice nothing while a zone is down. It stands in every report, and is judged by
	// nobody: expect is.
	Hypothesis string `yaml:"hypothesis" json:"hypothesis,omitempty"`
	// Who answers for the scenario: a team, a person. It stands in every report.
	Owner string `yaml:"owner" json:"owner,omitempty"`
	// Where it says what to do when it goes wrong: an address or a path. It stands in every report.
	Runbook string `yaml:"runbook" json:"runbook,omitempty"`
	Variant string `yaml:"-" json:"variant,omitempty"`
	// Root of all chance. The same seed draws the same arrivals, keys and service times.
	//
	// Seed is the root of all chance; 0 means "not given" and the runner takes 1.
	Seed uint64 `yaml:"seed" zero:"chance needs a root; without a seed it is 1" json:"seed,omitempty"`
	// Load before the first phase that is not counted. Default 2s.
	//
	// WarmUp is driven before the first phase and not counted. Negative: none.
	WarmUp *time.Duration `yaml:"warm_up" sign:"any" json:"warm_up,omitempty"`

	// The parts and how they call each other.
	Nodes []*Node `yaml:"topology" need:"yes" json:"topology"`
	// Base latency between regions or zones.
	Links []Link `yaml:"links" json:"links,omitempty"`
	// Who uses the system, and how.
	Loads []*Load `yaml:"load" need:"yes" json:"load"`
	// What happens when.
	Phases []*Phase `yaml:"phases" need:"yes" json:"phases"`
	// What ends the run: everything is undone, the report is written, and the verdict is fail. One condition or a list, in the words of expect:
	// {success: "< 50%", for: 5s}. Each second is judged by the requests whose outcome is known in it.
	AbortWhen Conditions `yaml:"abort_when" json:"abort_when,omitempty"`
	// What holds the present phase, until somebody says go (squall ctl go), for 1h at the longest. On all engines but virtual.
	PauseWhen Conditions `yaml:"pause_when" json:"pause_when,omitempty"`
	// Commands of this machine that are run where phases and faults begin and end, beside the run: {at: down, run: [./page-oncall.sh]}.
	Hooks []Hook `yaml:"hooks" json:"hooks,omitempty"`
	// Where monitoring is asked which alerts fire, for what expects alerted_within: {prometheus: "http://127.0.0.1:9090"}. On the process and docker
	// engines alone.
	Alerts *Alerts `yaml:"alerts" json:"alerts,omitempty"`
	// Bounds what people may put on by hand without a second word: {blast: 50%}.
	Guard *Guard `yaml:"guard" json:"guard,omitempty"`
	// What must hold for the verdict to be pass.
	Expect []Expectation `yaml:"expect" json:"expect,omitempty"`

	// Variants are the names of the variants that the file offers, in its order.
	Variants []string `yaml:"-" json:"variants,omitempty"`

	// Folder is the folder of the scenario's file, which the paths in it begin at.
	Folder string `yaml:"-" json:"-"`

	// Changes are nodes as live changes make them: what they call is connected from the start.
	Changes []Changed `yaml:"-" json:"-"`

	// Open is the scenario as it may be told, with ${NAME} for each secret that came from the environment; nil where none did.
	Open *Scenario `yaml:"-" json:"-"`
}

// Guard bounds what people may put on by hand without saying yes to it.
type Guard struct {
	// The most of the users' requests that a fault put on by hand may reach; over it squall ctl inject needs --yes.
	Blast float64 `yaml:"blast" need:"yes" unit:"share" sign:"positive" json:"blast"`
}

// Told is the scenario as it may be told: what records and their digests are made from.
func (s *Scenario) Told() *Scenario {
	if s.Open != nil {
		return s.Open
	}
	return s
}

// Changed is a node as one change makes it; At is where the change says so.
type Changed struct {
	Node *Node
	At   Path
}

// DefaultWarmUp is how long load runs before the first phase when the scenario does not say.
const DefaultWarmUp = 2 * time.Second

// WarmUpTime is how long load runs before the first phase.
func (s *Scenario) WarmUpTime() time.Duration {
	if s.WarmUp == nil {
		return DefaultWarmUp
	}
	return max(*s.WarmUp, 0)
}

// Link is the base network between two regions or zones (or within one, both names equal):
// Latency is added to each direction of every edge between them, so a round trip grows by twice as much.
type Link struct {
	// Two region or zone names.
	Between [2]string `yaml:"between" need:"yes" json:"between"`
	// One-way latency added to each direction.
	Latency time.Duration `yaml:"latency" need:"yes" json:"latency"`
	// Plus or minus this much, uniform.
	Jitter time.Duration `yaml:"jitter" zero:"unset" json:"jitter,omitempty"`
}

// Phase is a named stretch of the run. Its statistics are kept apart from every other phase's.
type Phase struct {
	// The phase's name, used by expectations.
	Name string `yaml:"name" need:"yes" json:"name"`
	// How long: from 10ms to 168h.
	For time.Duration `yaml:"for" need:"yes" sign:"positive" min:"10ms" max:"168h" json:"for"`
	// go: it waits until somebody says so (squall ctl go), and for at the longest. On all engines but virtual: in its time nobody
	// is there.
	Until string `yaml:"until" enum:"go" json:"until,omitempty"`
	// What goes wrong in it.
	Faults []faults.Fault `yaml:"faults" json:"faults,omitempty"`
}

// UntilGo is Until's only word.
const UntilGo = "go"

// Waits tells a phase that waits for somebody.
func (p *Phase) Waits() bool { return p.Until == UntilGo }

// Duration is the sum of the phases, without the warm-up.
func (s *Scenario) Duration() time.Duration {
	var sum time.Duration
	for _, p := range s.Phases {
		sum += p.For
	}
	return sum
}

// Node finds a node by name; nil if there is none.
func (s *Scenario) Node(name string) *Node {
	for _, n := range s.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}
