package faults

import (
	"fmt"
	"time"
)

// DNS has the names of callees looked up badly by those who call them.
type DNS struct {
	// What a lookup is told: nxdomain (there is no such name), servfail (the resolver has failed), timeout (no answer), slow (the
	// right address, after delay) or old (an address at which nobody is any more).
	Answer string `yaml:"dns" json:"dns" enum:"nxdomain,servfail,timeout,slow,old"`
	// slow: how long a lookup takes.
	Delay time.Duration `yaml:"delay" zero:"a slow lookup takes a time" json:"delay,omitempty"`
}

var _ Kind = DNS{}

// Kind is "dns".
func (DNS) Kind() string { return "dns" }

func (d DNS) String() string { return "dns " + d.lookup().String() }

func (d DNS) lookup() NameLookup { return NameLookup{Answer: LookupAnswer(d.Answer), Delay: d.Delay} }

// Scope is edges.
func (DNS) Scope() Scope { return ScopeEdges }

// Validate wants an answer, and a delay with the slow one alone.
func (d DNS) Validate() error {
	answers := []string{string(LookupNXDomain), string(LookupServfail), string(LookupTimeout), string(LookupSlow), string(LookupOld)}
	slow := d.Answer == string(LookupSlow)
	switch {
	case d.Answer == "":
		return fmt.Errorf("dns does not say what a lookup is told: use %s", inWords(answers))
	case slow && d.Delay <= 0:
		return fmt.Errorf("dns: slow needs a time: add delay, as in delay: 2s")
	case !slow && d.Delay != 0:
		return fmt.Errorf("delay is for dns: slow, and this is dns: %s", d.Answer)
	}
	return checkWord("dns", d.Answer, answers...)
}

// Compile is one lookup for each edge.
func (d DNS) Compile(t Targets) []Primitive {
	out := make([]Primitive, 0, len(t.Edges))
	for _, edge := range t.Edges {
		l := d.lookup()
		out = append(out, Primitive{Op: OpLookup, Edge: edge, Lookup: &l})
	}
	return out
}

var dnsEntry = Entry{Word: "dns", Zero: DNS{}, Selection: SelectOn, Explain: Explanation{
	Summary: "Callers look up the names of their callees in vain, slowly, or find an old address; it has met something when one was looked up. An image looks up a node's name, whichever replica that is for.",
	New:     "nxdomain: no such host, at once; servfail: the resolver has failed; timeout: no answer, given up after 10 s at most; slow: connects after delay; old: connect hangs, as to an address at which nobody is (an image's fails after some seconds: no route to host)",
	Open:    "stays open: pools and keep-alive hide the fault until a connection is made anew",
	Lifted:  "the next lookup is answered as ever; an image may have kept an answer for a second",
	Example: "{dns: nxdomain, on: orders -> payments}",
}}
