// Package record is what a run measured, as plain data: samples as they come, what a recorder makes of them, and the Result that a
// run's folder keeps as result.json and windows.jsonl. It imports nothing of ours, so that reports work from a stored
// run alone.
//
// The fields of result.json are a contract: they are added, never renamed, and a field never changes its meaning. Their comments
// here are their documentation (docs/result.json.md is made from them). A name that ends in _s is in seconds, one in _ms in
// milliseconds. A tag since is the day from which a field has been written; without one it has been there
// from the first. What is null could not be told: it is never zero.
package record

import (
	"encoding/json"
	"time"
)

//go:generate go run ../../internal/resultdoc record . ../../docs/result.json.md

// Version of result.json. Fields are added, never renamed.
const Version = 1

// Verdict of a run.
type Verdict string

// The verdicts.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
	// UnderWay stands in place of one while a run goes on, and in no stored record.
	UnderWay Verdict = "under way"
)

// Result is result.json.
type Result struct {
	// Version of the format. A reader refuses a newer one than its own.
	Version int `json:"version"`
	// Scenario is the scenario's name.
	Scenario string `json:"scenario"`
	// About is the scenario's own sentence about itself.
	About string `json:"about,omitempty"`
	// Hypothesis is what it was to show, as the scenario says.
	Hypothesis string `json:"hypothesis,omitempty" since:"2026-11-30"`
	// Owner is who answers for the scenario.
	Owner string `json:"owner,omitempty" since:"2026-11-30"`
	// Runbook is where it says what to do when it goes wrong: an address or a path.
	Runbook string `json:"runbook,omitempty" since:"2026-11-30"`
	// Variant is the variant that was run, "" for the scenario as it stands.
	Variant string `json:"variant"`
	// Set are changes to the scenario that the run was made with, each PATH=VALUE.
	Set []string `json:"set,omitempty" since:"2026-11-29"`
	// Engine is where the topology ran: virtual, process or docker.
	Engine string `json:"engine"`
	// Why this engine was taken, where it was not asked for.
	Why string `json:"engine_why,omitempty"`
	// EngineNotes say what the engine models in place of a machine, and what it does not hold nodes to.
	EngineNotes []string `json:"engine_notes,omitempty"`
	// Digest tells scenarios apart: it is of the topology, the loads, the phases and their faults, not of names, places and expectations.
	Digest string `json:"digest,omitempty" since:"2026-11-29"`
	// Asked is the digest of what is asked of the topology alone: the loads, the phases and their faults, the links.
	Asked string `json:"asked,omitempty" since:"2026-11-29"`
	// Seed is the root of all chance.
	Seed uint64 `json:"seed"`
	// Run is the run's id, the name of its folder.
	Run string `json:"run"`
	// ShouldFail tells that the variant says of itself that it does not keep what the scenario expects, and that the run was to hold
	// it to that.
	ShouldFail bool `json:"should_fail,omitempty" since:"2026-11-29"`
	// Verdict is pass, fail or inconclusive.
	Verdict Verdict `json:"verdict"`
	// Reasons say why the verdict is what it is, worst first.
	Reasons []string `json:"reasons"`
	// Started is when the run began to launch its topology.
	Started time.Time `json:"started"`
	// BeganAfterS is from then to the start of the first phase, from which all other times count.
	BeganAfterS float64 `json:"began_after_s,omitempty" since:"2026-11-30"`
	// Partial tells that the run was interrupted.
	Partial bool `json:"partial,omitempty"`
	// PartialWhy is why it was cut short.
	PartialWhy string `json:"partial_why,omitempty" since:"2026-11-29"`
	// Trips are what the scenario's abort_when and pause_when came to, in time.
	Trips []Trip `json:"trips,omitempty" since:"2026-11-30"`
	// DurationS is from the start of the first phase to the end of the last.
	DurationS float64 `json:"duration_s"`
	// Command makes the run again.
	Command string `json:"command,omitempty"`
	// File is the scenario's file, as it was named to the run: expectations have their places in it.
	File string `json:"file,omitempty" since:"2026-11-29"`
	// Host is where it ran.
	Host Host `json:"host"`

	// Phases are the figures of each phase, in order.
	Phases []Phase `json:"phases"`
	// Expectations are the lines of expect, judged.
	Expectations []Expectation `json:"expectations"`
	// Faults are all faults as they were carried out, in the order of the schedule.
	Faults []Fault `json:"faults"`
	// Actions are what was done to the run, the plan's own faults aside: by hand through a door, or from outside.
	Actions []Action `json:"actions,omitempty" since:"2026-11-29"`
	// Design is what was run, as the language spells it in JSON: templates, the variant and defaults of the file filled in.
	// Absent in records from before.
	Design *Design `json:"design,omitempty" since:"2026-11-29"`
	// Edges are the topology's connections over all phases.
	Edges []Edge `json:"edges"`
	// Alerts are those that monitoring sent, or that somebody told of, in time.
	Alerts []Alert `json:"alerts,omitempty" since:"2026-11-30"`
	// AlertsAt is where the run took alerts from an alert manager; absent: nowhere, so that none could come but by hand.
	AlertsAt string `json:"alerts_at,omitempty" since:"2026-11-30"`
	// AlertsAsked is how a Prometheus was asked which alerts fire; absent: none was.
	AlertsAsked *AlertsAsked `json:"alerts_asked,omitempty" since:"2026-11-30"`
	// Nodes are the instances and what they counted.
	Nodes []Node `json:"nodes"`
	// Generator is the load generator's own honesty.
	Generator Generator `json:"generator"`
	// Generators are the parts of several generators that drove the load together. Absent where one did, in squall's own process.
	Generators []GeneratorPart `json:"generators,omitempty" since:"2026-12-01"`
	// Writes are the acknowledged writes, read back at the end.
	Writes Writes `json:"writes"`
	// Checks are the run's own validity: generator lag, Little's law, flow conservation, steady state, receipts.
	Checks []Check `json:"checks"`
	// Findings say what went wrong and why, by what users lost by it. Absent where a rule found nothing, and in records from before.
	Findings []Finding `json:"findings,omitempty" since:"2026-11-29"`
	// Traces say which requests were kept hop by hop, in traces.jsonl. Absent in records from before.
	Traces *Traces `json:"traces,omitempty" since:"2026-11-29"`
	// Absorbed is what the architecture kept from its users while faults were on, or refused by rule, by phase. Absent where nothing did, and in
	// records from before.
	Absorbed []Absorbed `json:"absorbed,omitempty" since:"2026-11-29"`
	// Events are what happened, in time.
	Events []Event `json:"events"`
	// Windows are kept beside result.json, in windows.jsonl.
	Windows []Window `json:"-"`
	// Series is kept beside result.json, in series.jsonl.
	Series []Moment `json:"-"`
	// Traced are kept beside result.json, in traces.jsonl.
	Traced []Trace `json:"-"`
	// Written are kept beside result.json, in writes.jsonl.
	Written []Written `json:"-"`
	// AsRun is the scenario as it was run, which stands beside result.json in scenario.yaml; "" where it does not.
	AsRun string `json:"-"`
}

// Design is the topology and the loads of a run. Durations are in nanoseconds. Passwords, keys and the environment of
// images are left out.
type Design struct {
	// Nodes of the topology, in the file's order.
	Nodes []json.RawMessage `json:"nodes"`
	// Loads, in the file's order.
	Loads []json.RawMessage `json:"loads"`
}

// Host is where a run ran.
type Host struct {
	// OS as Go names it: linux, darwin.
	OS string `json:"os"`
	// Arch as Go names it: amd64, arm64.
	Arch string `json:"arch"`
	// CPUs that the program could use.
	CPUs int `json:"cpus" unit:"cores"`
	// Squall is the program's version.
	Squall string `json:"squall"`
	// HarnessCPUs is the CPU that squall itself (generator and mesh) used, on average.
	HarnessCPUs float64 `json:"harness_cpus" unit:"cores"`
}

// Check is one of the run's own validity checks. A failed one makes the run inconclusive.
type Check struct {
	// Name of the check.
	Name string `json:"name"`
	// Text is what was found.
	Text string `json:"text"`
	// OK tells that it holds.
	OK bool `json:"ok"`
}

// Event is something that happened.
type Event struct {
	// AtS counts from the start of the first phase.
	AtS float64 `json:"at_s"`
	// Kind is phase, fault, undo, action, said (what a person said), mark (a moment that a person marked), hook (a command that was run, and what it came to), countdown (a fault comes soon), node or note.
	Kind string `json:"kind"`
	// Text says what happened.
	Text string `json:"text"`
}
