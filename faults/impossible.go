package faults

import (
	"fmt"
	"time"
)

// Two faults that a user looks for and that no engine can carry out: a plan with one is refused, with the reason, before anything is
// launched.

// SlowDisk would slow what instances write to their disks.
type SlowDisk struct {
	// How much would be written a second, as in 1MB/s.
	Rate float64 `yaml:"slow_disk" zero:"full_disk does that" unit:"bandwidth" json:"slow_disk"`
}

// ClockSkew would set the clocks of instances wrong.
type ClockSkew struct {
	// How far ahead it would be, as in 5m.
	By time.Duration `yaml:"clock_skew" json:"clock_skew"`
}

var (
	_ Kind = SlowDisk{}
	_ Kind = ClockSkew{}
)

// Kind is "slow_disk".
func (SlowDisk) Kind() string { return "slow_disk" }

func (s SlowDisk) String() string { return "slow disk " + size(s.Rate) + "/s" }

// Scope is instances.
func (SlowDisk) Scope() Scope { return ScopeInstances }

// Validate wants a rate.
func (s SlowDisk) Validate() error {
	if !(s.Rate > 0) {
		return fmt.Errorf("slow_disk must be more than 0, it is %s/s", size(s.Rate))
	}
	return nil
}

// Compile is what no engine knows, for each instance.
func (SlowDisk) Compile(t Targets) []Primitive { return on(t, Primitive{Op: "slow disk"}) }

// Kind is "clock_skew".
func (ClockSkew) Kind() string { return "clock_skew" }

func (c ClockSkew) String() string { return "clock skew " + c.By.String() }

// Scope is instances.
func (ClockSkew) Scope() Scope { return ScopeInstances }

// Validate has nothing to refuse.
func (ClockSkew) Validate() error { return nil }

// Compile is what no engine knows, for each instance.
func (ClockSkew) Compile(t Targets) []Primitive { return on(t, Primitive{Op: "clock skew"}) }

// nowhere is what a client sees of what can't be done.
const nowhere = "nothing: it is refused before a launch"

var slowDiskEntry = Entry{Word: "slow_disk", Zero: SlowDisk{}, Selection: SelectOn,
	Cannot: "a container's disk can only be slowed when it is made, not for a while: engines take no such limit later, and cgroup v1 leaves buffered writes out; slow the edge to the database, or give it less cpu",
	Explain: Explanation{
		Summary: "What instances write to their disks takes longer: no engine can do that yet, and a run with it is refused.",
		New:     nowhere, Open: nowhere, Lifted: nowhere,
		Example: "{slow_disk: 1MB/s, on: orders-db}",
	}}

var clockSkewEntry = Entry{Word: "clock_skew", Zero: ClockSkew{}, Selection: SelectOn,
	Cannot: "containers and processes have their machine's clock (time namespaces leave the time of day out), and virtual time is one for all",
	Explain: Explanation{
		Summary: "The clocks of instances are wrong: no engine can do that, and a run with it is refused.",
		New:     nowhere, Open: nowhere, Lifted: nowhere,
		Example: "{clock_skew: 5m, on: orders-db}",
	}}
