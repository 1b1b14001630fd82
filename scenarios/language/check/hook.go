package check

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// hooks checks that each stands at one phase, or at a fault, and has a command.
func (v *Checker) hooks() {
	var phases, others []string
	for _, p := range v.Phases {
		phases = append(phases, p.Name)
		for _, f := range p.Faults {
			if f.Kind == nil {
				return // it has a mistake of its own
			}
			if !slices.Contains(others, faultName(f)) {
				others = append(others, faultName(f))
			}
		}
	}
	known := slices.Concat(phases, others)
	for i, h := range v.Hooks {
		at := scenarios.At("hooks").Item(i)
		isPhase, isFault := slices.Contains(phases, h.At), slices.Contains(others, h.At)
		switch {
		case h.At == "" || v.Report.Full():
		case isPhase && isFault:
			v.Problem(at.Key("at"), fmt.Sprintf("%s is a phase and a fault", source.QuoteShort(h.At)), "give the fault another name")
		case !isPhase && !isFault:
			v.Problem(at.Key("at"), fmt.Sprintf("there is no phase or fault %s", source.QuoteShort(h.At)), source.DidYouMean(h.At, known, "phases and faults"))
		}
		given := v.valueAt(at.Key("run"))
		if given == nil || given.Kind != source.List || v.Report.Full() {
			continue
		}
		if len(h.Run) == 0 || h.Run[0] == "" {
			v.Problem(at.Key("run"), "a hook's command has no program", "write run: [./page-oncall.sh], or [sh, -c, ...] for a shell")
		}
	}
}
