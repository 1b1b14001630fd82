// Package faults holds what can go wrong, as data. A Fault is what a scenario asked for; it
// compiles to primitive actions on named edges and instances, which engines carry out without
// knowing fault kinds. Everything here is pure and imports nothing of ours.
package faults

import "time"

// Fault is one line of a phase's faults: what, where and when.
type Fault struct {
	// Name is what expectations call it; empty: its Kind's text.
	Name string `json:"name,omitempty"`
	Kind Kind   `json:"-"`
	// On selects the edges or instances that it hits.
	On Selector `json:"on"`
	// At counts from the start of its phase; For 0 means until the end of its phase.
	At  time.Duration `json:"at,omitempty"`
	For time.Duration `json:"for,omitempty"`
	// Outlasts tells that For may reach beyond the end of its phase, up to the end of the run.
	Outlasts bool `json:"outlasts,omitempty"`
	// Countdown is how long before it begins people are told; 0: they are not.
	Countdown time.Duration `json:"countdown,omitempty"`
}

// Stays tells that it lasts until the end of the run.
func (f Fault) Stays() bool {
	own, is := f.Kind.(Staying)
	return is && own.Stays()
}

// Kind is one sort of fault with its parameters: a struct of plain values, one file each.
type Kind interface {
	// Kind is the word that scenarios use, as in "latency".
	Kind() string
	// String is the fault in words, with its size: "latency 800ms ±200ms".
	String() string
	// Scope says what its selection stands for.
	Scope() Scope
	// Validate says what is wrong with its parameters, nil if nothing.
	Validate() error
	// Compile turns it into primitives, one or more for each target.
	Compile(Targets) []Primitive
}

// Lasting is a Kind that can say itself how long it lasts, in a word that fits it better than for.
type Lasting interface {
	Kind
	// Lasts is how long (0: not given) and the key that says it.
	Lasts() (time.Duration, string)
}

// Staying is a Kind that may last until the end of the run, whatever phase it begins in.
type Staying interface {
	Kind
	Stays() bool
}

// Checker is a Kind that does not go with every target.
type Checker interface {
	Kind
	// Check says what is wrong with the targets, nil if nothing.
	Check(Targets) error
}

// Scope says how a selection is read.
type Scope int

const (
	// ScopeEdges: a selection of edges, or of nodes, which stands for every edge into them.
	ScopeEdges Scope = iota
	// ScopeInstances: a selection of instances.
	ScopeInstances
	// ScopeAround: a selection of instances, which stands for every edge into and out of them.
	ScopeAround
)

// Selector says which edges or instances a fault hits. Exactly one of Name, Edge, Any and the
// label fields is given; Share may come with any of them.
type Selector struct {
	// Name is a node ("payments": all its instances), an instance ("payments-2"), a load's name, or "*".
	Name string `json:"name,omitempty"`
	// Port narrows edges into what is named to those to one of its ports: a number or a name. "": to any.
	Port string `json:"port,omitempty"`
	// Edge selects connections: every edge whose caller From matches and whose callee To matches.
	Edge *EdgeSelector `json:"edge,omitempty"`
	// Any is a union.
	Any []Selector `json:"any,omitempty"`
	// Region, Zone, Role (a node kind) and Labels select by what a node is; all given ones must match.
	Region string            `json:"region,omitempty"`
	Zone   string            `json:"zone,omitempty"`
	Role   string            `json:"kind,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	// Share in (0,1] takes that part of the matched instances of each node (rounded up), drawn from the seed. 0: all.
	// With Edge it is a share of the callees' instances.
	Share float64 `json:"share,omitempty"`
}

// EdgeSelector is "from -> to". Both takes the edges of the other way too.
type EdgeSelector struct {
	From Selector `json:"from"`
	To   Selector `json:"to"`
	Both bool     `json:"both,omitempty"`
}

// IsZero tells an absent selector.
func (s Selector) IsZero() bool {
	return s.Name == "" && s.Edge == nil && len(s.Any) == 0 && s.Region == "" && s.Zone == "" && s.Role == "" && len(s.Labels) == 0
}

// Direction is which half of a connection a fault is on.
type Direction string

const (
	// Up is from the caller to the callee: requests (toxiproxy's "upstream").
	Up Direction = "up"
	// Down is from the callee to the caller: answers (toxiproxy's "downstream").
	Down Direction = "down"
	// Both is each way.
	Both Direction = "both"
)
