package scenarios

import (
	"math"
	"time"
)

// Replay is a recording that a load sends again: at its own times, which count from the start of the first phase, or faster.
// Where it is over before the phases are, the load is.
type Replay struct {
	// An access log. Times in whole seconds are spread over their second evenly; bodies and headers are not in it.
	Log *Attached `yaml:"log" json:"log,omitempty"`
	// log: common, combined, or json: an object in each line. Default combined.
	Format string `yaml:"format" enum:"common,combined,json" json:"format,omitempty"`
	// A browser's recording. Requests of its first host are sent, without cookies and without headers but the body's type.
	HAR *Attached `yaml:"har" json:"har,omitempty"`
	// How much faster, as in 2x. Default 1x.
	Speed Factor `yaml:"speed" json:"speed,omitempty"`

	// Requests are those of the file in the order of their times, Skipped how many of its entries can't be sent.
	Requests []Recorded `yaml:"-" json:"-"`
	Skipped  int        `yaml:"-" json:"-"`
}

// OpenAPI is the description of an API (OpenAPI 3).
type OpenAPI struct {
	// The description, in YAML or JSON.
	File *Attached `yaml:"file" need:"yes" json:"file"`
	// Which methods are sent. Default GET, HEAD and OPTIONS: what changes nothing.
	Methods []string `yaml:"methods" json:"methods,omitempty"`
}

// Factor is how many times as much.
type Factor float64

// Recorded is one request of a recording. At counts from the first one, the speed taken in; Kind is that of the load's requests
// which it is counted with.
type Recorded struct {
	At             time.Duration
	Method, Target string
	Body, Type     string
	Kind           int
}

// Stages are the rates of the recording, second by second, and none after it.
func (r *Replay) Stages() []Stage {
	if len(r.Requests) == 0 {
		return []Stage{{Level: true}}
	}
	seconds := 1 + int(r.Requests[len(r.Requests)-1].At/time.Second)
	out := make([]Stage, 0, min(seconds, 1<<16))
	n := 0
	for s := 0; s < seconds && n < len(r.Requests); s++ {
		first := n
		for n < len(r.Requests) && r.Requests[n].At < time.Duration(s+1)*time.Second {
			n++
		}
		rate := float64(n - first)
		if last := len(out) - 1; last >= 0 && out[last].To == rate {
			out[last].For += time.Second
			continue
		}
		out = append(out, Stage{For: time.Second, From: rate, To: rate, Level: true})
	}
	return append(out, Stage{Level: true})
}

// Scaled is a time of the recording at the replay's speed.
func (r *Replay) Scaled(at time.Duration) time.Duration {
	if r.Speed <= 0 {
		return at
	}
	return time.Duration(math.Round(float64(at) / float64(r.Speed)))
}
