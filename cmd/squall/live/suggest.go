package live

import (
	"regexp"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/scenarios/topology"
)

// Suggestions are what somebody may put on: kinds of fault that this run takes, and what they may be put on.
type Suggestions struct {
	Kinds []Suggestion `json:"kinds"`
	Edges []string     `json:"edges"`
	Nodes []string     `json:"nodes"`
	// Loads are those whose rates can be changed.
	Loads []string `json:"loads"`
}

// Suggestion is a kind of fault in the scenario's words, where Target stands for what it is put on.
type Suggestion struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
	// On is edges or nodes.
	On    string `json:"on"`
	About string `json:"about"`
}

// Target is what stands in a Suggestion's text for what it is put on.
const Target = "TARGET"

var (
	onTarget  = regexp.MustCompile(`\bon: ([^,}]+)`)
	forAWhile = regexp.MustCompile(`, (for|restart_after): [^,}]+`)
)

// Suggestions are the kinds whose own example is taken by this run, on some edge or node of it.
func (o Options) Suggestions() Suggestions {
	out := Suggestions{Kinds: []Suggestion{}, Edges: []string{}, Nodes: o.Nodes, Loads: append([]string{}, o.Loads...)}
	for _, e := range o.Edges {
		if name := e.FromNode + " -> " + e.ToNode; !slices.Contains(out.Edges, name) {
			out.Edges = append(out.Edges, name)
		}
	}
	for _, kind := range faults.Kinds {
		one := Suggestion{Kind: strings.ReplaceAll(kind.Word, "_", " "), Text: worded(kind), On: "nodes", About: kind.Explain.Summary}
		targets := o.Nodes
		if strings.Contains(kind.Explain.Example, "->") {
			one.On, targets = "edges", out.Edges
		}
		if one.Text == "" || kind.Cannot != "" {
			continue
		}
		for _, to := range targets {
			if _, err := o.Control.Read(strings.ReplaceAll(one.Text, Target, to), control.DefaultFor, nil); err == nil {
				out.Kinds = append(out.Kinds, one)
				break
			}
		}
	}
	return out
}

// worded is a kind's example with Target in place of what it is put on; "" where that can't be told.
func worded(kind faults.Entry) string {
	text := strings.Trim(forAWhile.ReplaceAllString(kind.Explain.Example, ""), "{}")
	switch kind.Selection {
	case faults.SelectOn:
		if !onTarget.MatchString(text) {
			return ""
		}
		return onTarget.ReplaceAllString(text, "on: "+Target)
	case faults.SelectValue:
		if strings.Contains(text, ": {") { // outage: {region: eu-west}, how: hang
			return kind.Word + ": " + Target
		}
		value := regexp.MustCompile(`^` + kind.Word + `: [^,]+`)
		if !value.MatchString(text) {
			return ""
		}
		return value.ReplaceAllString(text, kind.Word+": "+Target)
	}
	return ""
}

// goesThere is how much crosses a second now to what a fault would hit.
func (o Options) goesThere(fault topology.ResolvedFault, crossing map[string]float64) (attempts float64) {
	hit := map[string]bool{}
	for _, p := range fault.Primitives {
		hit[p.Edge+p.Instance] = true
	}
	for _, e := range o.Edges {
		if hit[e.Name] || hit[e.To] {
			attempts += crossing[e.Name]
		}
	}
	return attempts
}
