package faults

// Ask is something that a node is asked to do once, as an operator asks it; one of the fields is given.
type Ask struct {
	// Flush (hard or soft) makes a cdn or a cache purge what it keeps. Nothing takes that back.
	Flush string `json:"flush,omitempty"`
	// Promote makes a replica a primary, for good.
	Promote bool `json:"promote,omitempty"`
	// Replay makes a stream deliver again what it keeps, until that is done or the ask is withdrawn.
	Replay Replay `json:"replay,omitzero"`
}

func (a Ask) String() string {
	switch {
	case a.Flush != "":
		return "flush=" + a.Flush
	case a.Promote:
		return "promote"
	default:
		return a.Replay.String()
	}
}

// ask asks the same of each instance.
func ask(t Targets, a Ask) []Primitive { return on(t, Primitive{Op: OpAsk, Ask: a}) }
