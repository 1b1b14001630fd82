package faults

import (
	"fmt"
	"strconv"
	"strings"
)

// Scale runs fewer replicas of a node, and as many as it has when it ends.
type Scale struct {
	// How many are left: those of the lowest numbers.
	Replicas int `yaml:"replicas" json:"replicas"`
	// How long: until the end of its phase (phase, the default), or of the run (end).
	Until string `yaml:"until" json:"until,omitempty" enum:"phase,end"`
	// told (default): callers and loads are told first, as by a registry; untold: they have to find out.
	Discovery string `yaml:"discovery" json:"discovery,omitempty" enum:"told,untold"`
}

var (
	_ Kind    = Scale{}
	_ Staying = Scale{}
	_ Checker = Scale{}
)

// Kind is "scale".
func (Scale) Kind() string { return "scale" }

func (s Scale) String() string {
	return fmt.Sprintf("scale to %d%s", s.Replicas, finding(s.Discovery))
}

// Scope is instances.
func (Scale) Scope() Scope { return ScopeInstances }

// Stays tells that it is not taken back before the run's end.
func (s Scale) Stays() bool { return s.Until == UntilEnd }

// Validate wants a number.
func (s Scale) Validate() error {
	if s.Replicas < 1 {
		return fmt.Errorf("scale needs replicas, 1 or more: how many are left; to have none left use stop")
	}
	return first(checkWord("until", s.Until, "phase", UntilEnd), checkWord("discovery", s.Discovery, "told", untold))
}

// Check wants whole nodes that have more than are to be left.
func (s Scale) Check(t Targets) error {
	if len(s.above(t)) == 0 && len(t.Instances) > 0 {
		return fmt.Errorf("no node of it has more than %d replicas: use fewer", s.Replicas)
	}
	return nil
}

// above are the instances whose numbers are too high.
func (s Scale) above(t Targets) []string {
	var out []string
	for _, name := range t.Instances {
		number, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
		if err == nil && number > s.Replicas {
			out = append(out, name)
		}
	}
	return out
}

// Compile is one stop for each instance above the number.
func (s Scale) Compile(t Targets) []Primitive {
	return on(Targets{Instances: s.above(t)}, Primitive{Op: OpStop, Untold: s.Discovery == untold})
}

var scaleEntry = Entry{Word: "scale", Zero: Scale{}, Selection: SelectValue, Explain: Explanation{
	Summary: "A node has fewer replicas: those above the number are asked to end (SIGTERM) and finish what they have.",
	New:     "callers and loads are told first and choose those that are left (discovery: untold: a connect to the others is refused)",
	Open:    "requests under way are answered, then end of file",
	Lifted:  "the others start again; then callers are told of them (until: end: they stay away)",
	Example: "{scale: payments, replicas: 1}",
}}
