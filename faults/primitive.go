package faults

import "fmt"

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
	OpAsk    Op = "ask"    // on Instance (a built-in node): Ask, once; undo withdraws it, which ends a replay
	// OpConfigure runs Instance (a built-in node) with Patch on its configuration; requests under way end as they began.
	OpConfigure Op = "configure"
	// OpStop ends Instance as SIGTERM does: it finishes what it has. Callers are told first, but for Untold; undo starts it again.
	OpStop Op = "stop"
)

// Primitive is one action on one edge or one instance. Plain data; JSON is its wire form.
type Primitive struct {
	Op        Op          `json:"op"`
	Edge      string      `json:"edge,omitempty"`
	Instance  string      `json:"instance,omitempty"`
	Toxic     *Toxic      `json:"toxic,omitempty"`
	Outage    *EdgeOutage `json:"outage,omitempty"`
	CPUs      float64     `json:"cpus,omitempty"`
	Behaviour *Behaviour  `json:"behaviour,omitempty"`
	Ask       Ask         `json:"ask,omitzero"`
	Patch     *Patch      `json:"patch,omitempty"`
	Untold    bool        `json:"untold,omitempty"`
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
	case OpAsk:
		return fmt.Sprintf("ask %s of %s", p.Ask, p.Instance)
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
		return fmt.Sprintf("take toxic %s %s off %s", p.Toxic.Type(), p.Toxic.Stream, p.Edge)
	case OpOutage:
		return "lift outage of " + p.Edge
	case OpKill, OpStop:
		return "start " + p.Instance + " again"
	case OpPause:
		return "resume " + p.Instance
	case OpCPU:
		return "put cpu back on " + p.Instance
	case OpAsk:
		return fmt.Sprintf("withdraw %s of %s", p.Ask, p.Instance)
	case OpConfigure:
		return "put the configuration of " + p.Instance + " back: " + p.Patch.Words
	default:
		return "put behaviour back on " + p.Instance
	}
}

// on puts one primitive of op on each instance.
func on(t Targets, p Primitive) []Primitive {
	out := make([]Primitive, 0, len(t.Instances))
	for _, instance := range t.Instances {
		p.Instance = instance
		out = append(out, p)
	}
	return out
}
