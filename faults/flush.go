package faults

import (
	"fmt"
	"time"
)

// Flush purges what cdns and caches keep, as an operator does who means one page and takes all.
type Flush struct {
	// What becomes of the copies: hard (default), they are gone; soft, they have expired, and may still be served
	// stale where a rule says so.
	How string `yaml:"how" json:"how,omitempty" enum:"hard,soft"`
}

var (
	_ Kind    = Flush{}
	_ Checker = Flush{}
	_ Lasting = Flush{}
)

const (
	// FlushHard takes the copies away.
	FlushHard = "hard" // the default
	// FlushSoft lets them expire.
	FlushSoft = "soft"
)

// flushLasts is how long a flush counts as on: it is done in a moment, and what it did stays; recovery counts from its end.
const flushLasts = 100 * time.Millisecond

// Kind is "flush".
func (Flush) Kind() string { return "flush" }

func (f Flush) String() string {
	if f.How == FlushSoft {
		return "flush (soft)"
	}
	return "flush"
}

// Scope is instances.
func (Flush) Scope() Scope { return ScopeInstances }

// Lasts is a moment.
func (Flush) Lasts() (time.Duration, string) { return flushLasts, "flush" }

// Validate refuses unknown words.
func (f Flush) Validate() error { return checkWord("how", f.How, FlushHard, FlushSoft) }

// Check wants nodes that keep copies.
func (f Flush) Check(t Targets) error {
	if err := t.builtIn(f); err != nil {
		return err
	}
	for _, n := range t.Nodes {
		if n.Kind != "cdn" && n.Kind != "cache" {
			return fmt.Errorf("flush is for cdns and caches, and %q is a %s", n.Name, n.Kind)
		}
	}
	return nil
}

// Compile is one ask of each instance.
func (f Flush) Compile(t Targets) []Primitive {
	if f.How == FlushSoft {
		return ask(t, Ask{Flush: FlushSoft})
	}
	return ask(t, Ask{Flush: FlushHard})
}

var flushEntry = Entry{Word: "flush", Zero: Flush{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Cdns and caches lose every copy that they keep, as when an operator purges all for one: what is behind them gets 1/(1-h) times the load.",
	New:     "connects at once; every request is a miss until copies are made anew (how: soft: stale copies are served where a rule says so)",
	Open:    "every request is a miss until copies are made anew (how: soft: stale copies are served where a rule says so)",
	Lifted:  "it is a moment (100ms): what is gone stays gone, and comes back as it is asked for",
	Example: "{flush: edge, how: soft}",
}}
