package faults

import "errors"

// Change runs instances with another configuration: a deploy, a push of configuration, a switch that an operator turns.
// It may be a good one.
type Change struct {
	// A merge patch (RFC 7396) on the node: null removes, a list replaces. What a node is and where (kind,
	// replicas, region, ...) can't be changed.
	With Patch `yaml:"with" json:"with"`
	// How long it stays: until the end of its phase (phase, the default), or for good (end).
	Until string `yaml:"until" json:"until,omitempty" enum:"phase,end"`
}

// Patch is a merge patch (RFC 7396) on a node's part of a scenario.
type Patch struct {
	// Text is the patch as YAML in one line, as its author spelled it. It may hold secrets.
	Text string `json:"text"`
	// Words say what it changes without secrets, as in "timeout 1ms, routes".
	Words string `json:"words"`
}

var (
	_ Kind    = Change{}
	_ Checker = Change{}
	_ Staying = Change{}
)

// UntilEnd is the word for a fault that is there to stay.
const UntilEnd = "end"

// Kind is "change".
func (Change) Kind() string { return "change" }

func (c Change) String() string {
	if c.With.Words == "" {
		return "change"
	}
	return "change " + c.With.Words
}

// Scope is instances.
func (Change) Scope() Scope { return ScopeInstances }

// Stays tells that it is not taken back before the run's end.
func (c Change) Stays() bool { return c.Until == UntilEnd }

// Validate wants something to change.
func (c Change) Validate() error {
	if c.With.Text == "" {
		return errors.New("change does not say what: add with, as in with: {timeout: 1ms}")
	}
	return checkWord("until", c.Until, "phase", UntilEnd)
}

// Check wants built-in nodes.
func (c Change) Check(t Targets) error {
	return t.builtIn(c)
}

// Compile is one configuration for each instance.
func (c Change) Compile(t Targets) []Primitive {
	out := make([]Primitive, 0, len(t.Instances))
	for _, instance := range t.Instances {
		with := c.With
		out = append(out, Primitive{Op: OpConfigure, Instance: instance, Patch: &with})
	}
	return out
}

var changeEntry = Entry{Word: "change", Zero: Change{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Built-in nodes run with a changed configuration, as after a deploy or a push; what is under way ends with the old one, and no request fails for the change itself.",
	New:     "connects at once; the next request meets the new configuration",
	Open:    "stays open; the request under way ends as it began, the next one meets the new configuration",
	Lifted:  "the next request meets the old configuration (until: end: it stays)",
	Example: "{change: payments, with: {workers: 128}}",
}}
