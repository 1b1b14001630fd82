package faults

import (
	"fmt"
	"strings"
	"time"
)

// Behaviour makes a built-in node worse: Errors of its answers are Status at once, and each answer
// takes Slow longer and its own work Factor times as long, for as long as it is told.
type Behaviour struct {
	Errors float64       `json:"errors,omitempty"`
	Status int           `json:"status,omitempty"`
	Slow   time.Duration `json:"slow,omitempty"`
	Factor float64       `json:"factor,omitempty"`
}

func (b *Behaviour) String() string {
	var words []string
	if b.Errors > 0 {
		words = append(words, fmt.Sprintf("errors=%g status=%d", b.Errors, b.Status))
	}
	if b.Slow > 0 {
		words = append(words, "slow="+b.Slow.String())
	}
	if b.Factor > 0 {
		words = append(words, fmt.Sprintf("factor=%g", b.Factor))
	}
	return strings.Join(words, " ")
}

// Combine is several behaviours at once: errors that strike independently (the last one's status is
// theirs), delays that add up, and factors that multiply. Engines use it where faults overlap on one
// node, so that lifting one leaves exactly the others.
func Combine(behaviours ...*Behaviour) Behaviour {
	var all Behaviour
	for _, b := range behaviours {
		if all.Errors == 0 {
			all.Errors = b.Errors // exactly
		} else {
			all.Errors = 1 - (1-all.Errors)*(1-b.Errors)
		}
		if b.Status != 0 {
			all.Status = b.Status
		}
		all.Slow += b.Slow
		switch {
		case all.Factor == 0:
			all.Factor = b.Factor
		case b.Factor != 0:
			all.Factor *= b.Factor
		}
	}
	return all
}

// behave puts one behaviour on each instance.
func behave(t Targets, b Behaviour) []Primitive {
	out := make([]Primitive, 0, len(t.Instances))
	for _, instance := range t.Instances {
		one := b
		out = append(out, Primitive{Op: OpBehave, Instance: instance, Behaviour: &one})
	}
	return out
}
