// Package faults holds what can go wrong, as data. A Fault is what a scenario asked for; it
// compiles to primitive actions on named edges and instances, which engines carry out without
// knowing fault kinds. Everything here is pure and imports nothing of ours.
package faults

import (
	"fmt"
	"strings"
	"time"
)

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

// Targets is a resolved selection, in the plan's order. An edge fault uses Edges, a node fault Instances.
type Targets struct {
	Edges     []string
	Instances []string
	// CPUs are the instances' own CPU limits in cores, in the same order; 0: none.
	CPUs []float64
}

// Selector says which edges or instances a fault hits. Exactly one of Name, Edge, Any and the
// label fields is given; Share may come with any of them.
type Selector struct {
	// Name is a node ("payments": all its instances), an instance ("payments-2"), a load's name, or "*".
	Name string `json:"name,omitempty"`
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

// Op is the sort of a primitive.
type Op string

// The primitives that an engine carries out. Each is undone by its own undo:
// the toxic is taken off, the outage lifted, the instance started again (with the data it had on
// disk) or resumed, its CPU limit and its behaviour put back.
const (
	OpToxic  Op = "toxic"  // on Edge: Toxic
	OpOutage Op = "outage" // on Edge: Outage
	OpKill   Op = "kill"   // on Instance: kill -9; undo starts it again
	OpPause  Op = "pause"  // on Instance: SIGSTOP or a container's pause
	OpCPU    Op = "cpu"    // on Instance: CPUs
	OpBehave Op = "behave" // on Instance (a built-in node): Behaviour
	// OpConfigure runs Instance (a built-in node) with Patch on its configuration; requests under way end as they began.
	OpConfigure Op = "configure"
	// OpStop ends Instance as SIGTERM does: it finishes what it has. Callers are told first, but for Untold; undo starts it again.
	OpStop Op = "stop"
)

// Primitive is one action on one edge or one instance. Plain data; JSON is its wire form.
type Primitive struct {
	Op        Op         `json:"op"`
	Edge      string     `json:"edge,omitempty"`
	Instance  string     `json:"instance,omitempty"`
	Toxic     *Toxic     `json:"toxic,omitempty"`
	Outage    *Outage    `json:"outage,omitempty"`
	CPUs      float64    `json:"cpus,omitempty"`
	Behaviour *Behaviour `json:"behaviour,omitempty"`
	Patch     *Patch     `json:"patch,omitempty"`
	Untold    bool       `json:"untold,omitempty"`
}

// String is the primitive as `squall plan` prints it.
func (p Primitive) String() string {
	switch p.Op {
	case OpToxic:
		return fmt.Sprintf("toxic %s on %s", p.Toxic, p.Edge)
	case OpOutage:
		return fmt.Sprintf("outage %s on %s", p.Outage, p.Edge)
	case OpCPU:
		return fmt.Sprintf("cpu %g on %s", p.CPUs, p.Instance)
	case OpBehave:
		return fmt.Sprintf("behave %s on %s", p.Behaviour, p.Instance)
	case OpConfigure:
		return fmt.Sprintf("configure %s: %s", p.Instance, p.Patch.Words)
	default:
		return fmt.Sprintf("%s %s", p.Op, p.Instance)
	}
}

// Undo is what takes the primitive back, as `squall plan` prints it.
func (p Primitive) Undo() string {
	switch p.Op {
	case OpToxic:
		return fmt.Sprintf("take toxic %s %s off %s", p.Toxic.Type, p.Toxic.Stream, p.Edge)
	case OpOutage:
		return "lift outage of " + p.Edge
	case OpKill, OpStop:
		return "start " + p.Instance + " again"
	case OpPause:
		return "resume " + p.Instance
	case OpCPU:
		return "put cpu back on " + p.Instance
	case OpConfigure:
		return "put the configuration of " + p.Instance + " back: " + p.Patch.Words
	default:
		return "put behaviour back on " + p.Instance
	}
}

// Behaviour makes a built-in node worse: Errors of its answers are Status at once, and each answer
// takes Slow longer and its own work Factor times as long.
type Behaviour struct {
	Errors float64       `json:"errors,omitempty"`
	Status int           `json:"status,omitempty"`
	Slow   time.Duration `json:"slow,omitempty"`
	Factor float64       `json:"factor,omitempty"`
	// Flush (hard or soft) makes a cdn purge what it keeps, once, when it is told. Nothing takes that back.
	Flush string `json:"flush,omitempty"`
	// Replay makes a stream deliver again what it keeps, for as long as it is told.
	Replay *Replay `json:"replay,omitempty"`
	// Promote makes a replica a primary, once and for good.
	Promote bool `json:"promote,omitempty"`
}

func (b *Behaviour) String() string {
	var words []string
	if b.Errors > 0 {
		words = append(words, fmt.Sprintf("errors=%g status=%d", b.Errors, b.Status))
	}
	if b.Slow > 0 {
		words = append(words, "slow="+b.Slow.String())
	}
	if b.Factor > 0 {
		words = append(words, fmt.Sprintf("factor=%g", b.Factor))
	}
	if b.Flush != "" {
		words = append(words, "flush="+b.Flush)
	}
	if b.Replay != nil {
		words = append(words, b.Replay.String())
	}
	if b.Promote {
		words = append(words, "promote")
	}
	return strings.Join(words, " ")
}

// Receipt is what a fault did while it was on, as the edge or node that carried it counted. A
// fault whose receipt is empty hit nothing, and a run with such a fault is inconclusive.
type Receipt struct {
	// Connections that it touched: open ones that carried bytes under it, and new ones that it met.
	Connections int64 `json:"connections"`
	// Requests is how often the direction turned to the callee under it: requests of a request-answer protocol.
	Requests int64 `json:"requests"`
	// Bytes that passed through it, were held by it or lost in it.
	Bytes int64 `json:"bytes"`
	// Refused, Hung, Reset, Closed: new and open connections that met that end.
	Refused int64 `json:"refused,omitempty"`
	Hung    int64 `json:"hung,omitempty"`
	Reset   int64 `json:"reset,omitempty"`
	Closed  int64 `json:"closed,omitempty"`
	Lost    int64 `json:"lost_bytes,omitempty"`
	// DelayMs is the mean delay that it added to a piece of data it delayed.
	DelayMs float64 `json:"delay_ms,omitempty"`
}

// Met tells whether any traffic met the fault.
func (r Receipt) Met() bool {
	return r.Connections+r.Requests+r.Bytes+r.Refused+r.Hung+r.Reset+r.Closed > 0
}

// Add sums two receipts; the delay is weighted by requests, or by connections where none were seen.
func (r Receipt) Add(o Receipt) Receipt {
	w := func(r Receipt) float64 { return float64(max(r.Requests, r.Connections)) }
	if total := w(r) + w(o); total > 0 {
		r.DelayMs = (r.DelayMs*w(r) + o.DelayMs*w(o)) / total
	}
	r.Connections += o.Connections
	r.Requests += o.Requests
	r.Bytes += o.Bytes
	r.Refused += o.Refused
	r.Hung += o.Hung
	r.Reset += o.Reset
	r.Closed += o.Closed
	r.Lost += o.Lost
	return r
}
