package faults

import "time"

// Flush purges what cdns and caches keep, as an operator does who means one page and takes all.
type Flush struct {
	How string `yaml:"how" json:"how,omitempty" enum:"hard,soft" doc:"What becomes of the copies: hard (default), they are gone; soft, they have expired, and may still be served stale where a rule says so."`
}

var (
	_ Kind    = Flush{}
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

// Compile is one behaviour for each instance.
func (f Flush) Compile(t Targets) []Primitive {
	if f.How == FlushSoft {
		return behave(t, Behaviour{Flush: FlushSoft})
	}
	return behave(t, Behaviour{Flush: FlushHard})
}
