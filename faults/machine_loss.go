package faults

// MachineLoss is the end of the machines that instances run on, with everything of the run that is there.
type MachineLoss struct{}

var _ Kind = MachineLoss{}

// Kind is "machine_loss".
func (MachineLoss) Kind() string { return "machine_loss" }

func (MachineLoss) String() string { return "machine loss" }

// Scope is instances: who else is on their machines, the engine knows when it begins.
func (MachineLoss) Scope() Scope { return ScopeInstances }

// Validate has nothing to refuse.
func (MachineLoss) Validate() error { return nil }

// Compile is the loss of each instance's machine.
func (MachineLoss) Compile(t Targets) []Primitive { return on(t, Primitive{Op: OpMachineLoss}) }

var machineLossEntry = Entry{Word: "machine_loss", Zero: MachineLoss{}, Selection: SelectValue, Explain: Explanation{
	Summary: "The machines that instances run on are lost, with all other instances of the run that are there when it begins (--engine kubernetes). The machine itself, and what others have on it, goes on.",
	New:     "connect does not return: nobody is there to refuse it",
	Open:    "silence; what was sent is lost, and no end or reset arrives",
	Lifted:  "all of them start again where they were, with the data that they had on disk; connections that lost bytes are reset, new ones work as soon as they listen",
	Example: "{machine_loss: payments-1, for: 5s}",
}}
