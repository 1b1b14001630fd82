package faults

import "time"

// NameLookup is how a callee's name is looked up while a fault is on.
type NameLookup struct {
	// Answer is one of the values below, Delay how long a slow one takes.
	Answer LookupAnswer  `json:"answer"`
	Delay  time.Duration `json:"delay,omitempty"`
}

// LookupAnswer is what whoever looks a name up is told.
type LookupAnswer string

// The answers.
const (
	LookupNXDomain LookupAnswer = "nxdomain" // there is no such name
	LookupServfail LookupAnswer = "servfail" // the resolver has failed
	LookupTimeout  LookupAnswer = "timeout"  // no answer
	LookupSlow     LookupAnswer = "slow"     // the right one, after Delay
	LookupOld      LookupAnswer = "old"      // an address at which nobody is any more
)

func (l NameLookup) String() string {
	if l.Answer == LookupSlow {
		return "slow " + l.Delay.String()
	}
	return string(l.Answer)
}
