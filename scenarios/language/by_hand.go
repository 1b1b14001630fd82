package language

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
	"github.com/squallhq/squall/scenarios/topology"
)

// ByHand is a plan whose last fault is one that a person typed, in the scenario's own words as in
//
//	latency: 300ms, on: orders -> payments, for: 30s
//
// beside those that are on. It begins at once and lasts as long as it says, or else as lasts says; the plan's times are its own. The error is
// source.Problems with places in the text, or why it does not go together with what is on.
func (doc *Document) ByHand(seed uint64, text string, lasts time.Duration, on ...faults.Fault) (*topology.Plan, error) {
	fault, err := doc.typed(text)
	if err != nil {
		return nil, err
	}
	if fault.For > 0 {
		lasts = fault.For
	}
	s := *doc.Scenario
	s.Phases, s.Expect, s.Open = []*scenarios.Phase{{Name: "by hand", For: lasts, Faults: append(slices.Clone(on), fault)}}, nil, nil
	for i := range s.Phases[0].Faults {
		f := &s.Phases[0].Faults[i]
		f.At, f.For, f.Outlasts, f.Countdown = 0, 0, false, 0
	}
	p, err := topology.NewWith(&s, seed, doc.Changed)
	if problems, is := errors.AsType[topology.Problems](err); is {
		return nil, errors.New(strings.ReplaceAll(problems.Error(), " of phase 1)", " of those that are on)"))
	}
	return p, err
}

// typed reads a fault by itself.
func (doc *Document) typed(text string) (faults.Fault, error) {
	const file = "fault"
	if trimmed := strings.TrimSpace(text); !strings.HasPrefix(trimmed, "{") {
		text = "{" + trimmed + "}"
	}
	// As it is: nothing of the environment gets into a run that somebody steers.
	v, problems := source.ReadAsIs(file, []byte(text))
	if len(problems) > 0 {
		return faults.Fault{}, problems.Ordered()
	}
	told := &source.Report{File: file}
	var fault faults.Fault
	if v == nil {
		told.ProblemAt(source.Place{Line: 1, Column: 1}, "a fault is missing", "write latency: 300ms, on: a -> b")
	} else {
		fault = grammar.NewDecoder(told, nil).Fault(v)
	}
	switch {
	case len(told.Problems) > 0:
		return fault, told.Problems.Ordered()
	case fault.At > 0:
		return fault, errors.New("at is for a plan: what a person puts on begins at once")
	case fault.Countdown > 0:
		return fault, errors.New("countdown is for a plan: what a person puts on begins at once")
	case fault.Kind.Kind() == "change":
		return fault, errors.New("change can't be put on by hand: what it makes of a node is made before the run; put it into the scenario")
	case fault.Stays():
		return fault, fmt.Errorf("%s stays until the run's end: put it into the scenario", fault.Kind)
	}
	return fault, nil
}
