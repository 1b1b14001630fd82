package faults

import (
	"fmt"
	"time"
)

// Op is the sort of a primitive.
type Op string

// The primitives that an engine carries out. Each is undone by its own undo:
// the toxic is taken off, the outage lifted, the instance started again (with the data it had on
// disk) or resumed, its CPU limit and its behaviour put back.
const (
	OpToxic  Op = "toxic"  // on Edge: Toxic
	OpOutage Op = "outage" // on Edge: Outage
	OpLookup Op = "lookup" // on Edge: Lookup, by its caller
	OpKill   Op = "kill"   // on Instance: kill -9; undo starts it again
	OpPause  Op = "pause"  // on Instance: SIGSTOP or a container's pause
	OpCPU    Op = "cpu"    // on Instance: CPUs
	OpMemory Op = "memory" // on Instance: Bytes at most; undo starts one again that was killed for want of it
	OpFill   Op = "fill"   // on Instance (an image): Disk; undo frees it
	// OpCertificate has Instance (an image) show a certificate with a flaw, Certificate; undo gives it its own back.
	OpCertificate Op = "certificate"
	OpBehave      Op = "behave" // on Instance (a built-in node): Behaviour
	OpAsk         Op = "ask"    // on Instance (a built-in node): Ask, once; undo withdraws it, which ends a replay
	// OpConfigure runs Instance (a built-in node) with Patch on its configuration; requests under way end as they began.
	OpConfigure Op = "configure"
	// OpReplace runs Instance from Image, one after the other, each when the one before it is healthy; undo runs its own image again.
	OpReplace Op = "replace"
	// OpStop ends Instance as SIGTERM does: it finishes what it has. Callers are told first, but for Untold; undo starts it again.
	OpStop Op = "stop"
	// OpMachineLoss kills everything that runs on the machine of Instance, in silence; undo starts it again there.
	OpMachineLoss Op = "machine_loss"
	// OpMachineDrain stops everything that runs on the machine of Instance. Callers are told first, but for Untold; undo starts it again there.
	OpMachineDrain Op = "machine_drain"
)

// TakesMachine tells that it takes the machine of its instance, and with that all others that are there.
func (o Op) TakesMachine() bool { return o == OpMachineLoss || o == OpMachineDrain }

// Primitive is one action on one edge or one instance. Plain data; JSON is its wire form.
type Primitive struct {
	Op        Op          `json:"op"`
	Edge      string      `json:"edge,omitempty"`
	Instance  string      `json:"instance,omitempty"`
	Toxic     *Toxic      `json:"toxic,omitempty"`
	Outage    *EdgeOutage `json:"outage,omitempty"`
	Lookup    *NameLookup `json:"lookup,omitempty"`
	CPUs      float64     `json:"cpus,omitempty"`
	Bytes     int64       `json:"bytes,omitempty"`
	Disk      *Disk       `json:"disk,omitempty"`
	Behaviour *Behaviour  `json:"behaviour,omitempty"`
	Ask       Ask         `json:"ask,omitzero"`
	Patch     *Patch      `json:"patch,omitempty"`
	Untold    bool        `json:"untold,omitempty"`
	Image     string      `json:"image,omitempty"`
	// Elsewhere is how long after its machine is empty what can is started on another one; 0: it waits for its own.
	Elsewhere time.Duration `json:"elsewhere,omitempty"`
	// Certificate is what is wrong with the one that is shown.
	Certificate string `json:"certificate,omitempty"`
}

// Disk is what is to be full.
type Disk struct {
	// Volume is where it is in the image, Leave how many bytes of it stay free.
	Volume string `json:"volume"`
	Leave  int64  `json:"leave,omitempty"`
}

// String is the primitive as `squall plan` prints it.
func (p Primitive) String() string {
	switch p.Op {
	case OpToxic:
		return fmt.Sprintf("toxic %s on %s", p.Toxic, p.Edge)
	case OpOutage:
		return fmt.Sprintf("outage %s on %s", p.Outage, p.Edge)
	case OpLookup:
		return fmt.Sprintf("lookup %s on %s", p.Lookup, p.Edge)
	case OpCPU:
		return fmt.Sprintf("cpu %g on %s", p.CPUs, p.Instance)
	case OpReplace:
		return fmt.Sprintf("run %s from %s", p.Instance, p.Image)
	case OpMemory:
		return fmt.Sprintf("memory %s on %s", size(float64(p.Bytes)), p.Instance)
	case OpFill:
		return fmt.Sprintf("fill %s of %s but for %s", p.Disk.Volume, p.Instance, size(float64(p.Disk.Leave)))
	case OpCertificate:
		return fmt.Sprintf("certificate %s on %s", p.Certificate, p.Instance)
	case OpBehave:
		return fmt.Sprintf("behave %s on %s", p.Behaviour, p.Instance)
	case OpAsk:
		return fmt.Sprintf("ask %s of %s", p.Ask, p.Instance)
	case OpMachineLoss:
		return "lose the machine of " + p.Instance
	case OpMachineDrain:
		if p.Elsewhere > 0 {
			return fmt.Sprintf("drain the machine of %s, elsewhere after %s", p.Instance, p.Elsewhere)
		}
		return "drain the machine of " + p.Instance
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
	case OpLookup:
		return "put lookups back on " + p.Edge
	case OpKill, OpStop:
		return "start " + p.Instance + " again"
	case OpMachineLoss, OpMachineDrain:
		return "start what was on the machine of " + p.Instance + " again"
	case OpPause:
		return "resume " + p.Instance
	case OpCPU:
		return "put cpu back on " + p.Instance
	case OpReplace:
		return "run " + p.Instance + " from its own image again"
	case OpMemory:
		return "put memory back on " + p.Instance
	case OpFill:
		return fmt.Sprintf("free %s of %s", p.Disk.Volume, p.Instance)
	case OpCertificate:
		return "give " + p.Instance + " its own certificate back"
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
