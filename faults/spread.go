package faults

import (
	"math"
	"time"
)

// Spread is how far apart in time several meshes came that put one fault on and took it off together: from the first to the last, by their
// own clocks as the conductor's tells them.
type Spread struct {
	// Meshes are how many carried it out.
	Meshes int `json:"meshes"`
	// On and Off are from the first to the last of them; nil: that was not told, or did not come to pass.
	On  *Apart `json:"on,omitempty"`
	Off *Apart `json:"off,omitempty"`
}

// Apart is a time between two clocks.
type Apart struct {
	// By is the best guess, and Uncertain by how much it may be wrong, since two clocks are compared.
	By        time.Duration `json:"by"`
	Uncertain time.Duration `json:"uncertain"`
	// Late is how long after its time the last one was, Uncertain included in neither.
	Late time.Duration `json:"late"`
}

// Most is the most that it may be.
func (a *Apart) Most() time.Duration {
	if a == nil {
		return 0
	}
	return a.By + a.Uncertain
}

// add is the larger of two, of as many meshes as both had.
func (s *Spread) add(o *Spread) *Spread {
	switch {
	case s == nil:
		return o
	case o == nil:
		return s
	}
	return &Spread{Meshes: s.Meshes + o.Meshes, On: larger(s.On, o.On), Off: larger(s.Off, o.Off)}
}

func larger(a, b *Apart) *Apart {
	if a == nil || b != nil && b.Most() > a.Most() {
		return b
	}
	return a
}

// Share is how much of a time the larger of both may be, where that is known.
func (s *Spread) Share(of time.Duration) (share float64, known bool) {
	if s == nil || s.On == nil && s.Off == nil {
		return 0, false
	}
	most := max(s.On.Most(), s.Off.Most())
	if of <= 0 {
		return math.Inf(1), true
	}
	return float64(most) / float64(of), true
}
