package scenarios

import (
	"reflect"
	"time"
)

// Policy is how a node calls others; on a node the default for all its calls, on a call an override.
// Zero fields mean "as the layer above says", and at the top: no timeout, no retry, no breaker.
type Policy struct {
	// The longest one attempt may take.
	Timeout time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty"`
	// What is done after a failed attempt.
	Retry *Retry `yaml:"retry" json:"retry,omitempty"`
	// Stops calling a dependency that keeps failing.
	Breaker *Breaker `yaml:"circuit_breaker" json:"circuit_breaker,omitempty"`
	// How a replica of the dependency is chosen: round_robin (default), random, least_in_flight, or two_choices:
	// the one of two random ones with fewer calls in flight.
	Balance string `yaml:"balance" json:"balance,omitempty" enum:"round_robin,random,least_in_flight,two_choices"`
	// Asks a second replica when the first is late, and takes the first answer: for GET, HEAD and read, which do
	// no harm twice.
	Hedge *Hedge `yaml:"hedge" json:"hedge,omitempty"`
	// Bounds the calls to a dependency that are in flight at once, so that a slow one can't take everything.
	Bulkhead *Bulkhead `yaml:"bulkhead" json:"bulkhead,omitempty"`
	// Adaptive throttling: rejects calls here that the dependency would likely reject.
	Throttle *Throttle `yaml:"throttle" json:"throttle,omitempty"`
	// propagate: calls say how much time is left, and a request whose time is up, or whose caller has left, is
	// worked on no further. Default none.
	Deadline string `yaml:"deadline" json:"deadline,omitempty" enum:"none,propagate"`
	Choice   `yaml:",inline"`
}

// Bulkhead bounds the attempts of one instance to one dependency that are in flight at once; those over it wait in a
// queue, and those over that too are rejected at once (503).
type Bulkhead struct {
	// Attempts in flight at once, to all replicas together.
	Most int `yaml:"most" need:"yes" min:"1" json:"most"`
	// Attempts that may wait for a place, for as long as their timeout; the rest are rejected. Default 0.
	Queue int `yaml:"queue" zero:"unset" min:"0" json:"queue,omitempty"`
}

// Throttle rejects calls with the chance max(0, (requests - K accepts) / (requests + 1)) over the last Window
// (Google, Site Reliability Engineering, chapter 21): the dependency sees K times what it accepts, at most.
type Throttle struct {
	// How many times what it accepts the dependency is sent; 2 is usual.
	K float64 `yaml:"k" need:"yes" sign:"positive" json:"k"`
	// How far back it looks. Default 2m.
	Window time.Duration `yaml:"window" sign:"positive" json:"window,omitempty"`
}

// Hedge makes a second attempt beside the first one when that is late; the first answer is taken and the other
// attempt given up (Dean and Barroso, The Tail at Scale). It is late After so long, or, when Quantile is given, when it takes
// longer than that share of the others.
type Hedge struct {
	// How long the first attempt may take before a second one is made beside it.
	After time.Duration `yaml:"after" sign:"positive" json:"after,omitempty"`
	// In place of a time: 95% hedges when the first attempt takes longer than 95% of recent ones. It begins with
	// after, or with the first 20 answers.
	Quantile float64 `yaml:"quantile" sign:"positive" unit:"share" json:"quantile,omitempty"`
	// Hedges are at most this share of calls.
	//
	// Budget bounds hedges to this share of calls (a token bucket that holds 10 at most); 0: none at all, nil: no bound.
	Budget *float64 `yaml:"budget" unit:"share" json:"budget,omitempty"`
	// Services' calls: the second attempt is made where the first has not been begun, and whichever a worker
	// begins first has the other one taken out of its queue. Needs after; callees are built-in services.
	Tied bool `yaml:"tied" json:"tied,omitempty"`
}

// Retry repeats failed attempts.
type Retry struct {
	// Attempts in all, the first included.
	Attempts int `yaml:"attempts" need:"yes" min:"1" json:"attempts"`
	// Wait before the second attempt; doubles with each further one.
	Backoff time.Duration `yaml:"backoff" zero:"unset" json:"backoff,omitempty"`
	// The longest backoff. Default 10s.
	Most time.Duration `yaml:"most" zero:"every attempt would follow at once, as without backoff" json:"most,omitempty"`
	// none (default), full: uniform in [0, backoff], equal: backoff/2 plus uniform in [0, backoff/2],
	// decorrelated: uniform from the first backoff to 3 times the last wait.
	Jitter string `yaml:"jitter" json:"jitter,omitempty" enum:"none,full,equal,decorrelated"`
	// Statuses that are tried again besides those that are anyway (408, 500 and more), as in [429]. An answer with one of
	// these that says Retry-After is not tried again before then, the backoff on top, but most is the longest wait; where
	// the caller's time is up before, it is not tried again at all.
	On []int `yaml:"on" min:"400" max:"599" json:"on,omitempty"`
	// Retries are at most this share of first attempts.
	//
	// Budget bounds retries to this share of first attempts (a token bucket that holds 10 at most); 0: none at all, nil: no bound.
	Budget *float64 `yaml:"budget" unit:"share" json:"budget,omitempty"`
}

// Breaker opens when at least Failures of the last Of calls failed, for OpenFor; then one probe decides.
type Breaker struct {
	// The share of failed calls that opens it.
	Failures float64 `yaml:"failures" need:"yes" sign:"positive" unit:"share" json:"failures"`
	// How many of the last calls are looked at.
	Of int `yaml:"of" need:"yes" min:"1" max:"100000" json:"of"`
	// How long it stays open before a probe.
	OpenFor time.Duration `yaml:"open_for" need:"yes" sign:"positive" json:"open_for"`
}

// Over is p where it says something, and below where it does not: what holds for a call that has policy p on a node that
// has policy below.
func (p Policy) Over(below Policy) Policy {
	above, under := reflect.ValueOf(&p).Elem(), reflect.ValueOf(below)
	for _, f := range reflect.VisibleFields(above.Type()) {
		if said := above.FieldByIndex(f.Index); !f.Anonymous && said.IsZero() {
			said.Set(under.FieldByIndex(f.Index))
		}
	}
	return p
}
