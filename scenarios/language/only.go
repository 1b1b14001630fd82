package language

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios/source"
)

// Only are the changes, each PATH=VALUE, that leave a scenario with those of its faults that are kept: the others go, and with them the expectations
// of recovery that nothing is left for. An error tells that the file's phases can't be changed that way.
func (doc *Document) Only(keep func(phase, fault int) bool) ([]string, error) {
	phases := doc.root.Get("phases")
	if phases == nil || phases.Kind != source.List || len(phases.Items) != len(doc.Phases) {
		return nil, fmt.Errorf("the phases of %s are no plain list", doc.File)
	}
	var sets, left []string
	names := itemNames(phases)
	for p, phase := range doc.Phases {
		list := phases.Items[p].Get("faults")
		if len(phase.Faults) == 0 {
			continue
		}
		if list == nil || list.Kind != source.List || len(list.Items) != len(phase.Faults) {
			return nil, fmt.Errorf("the faults of phase %q are no plain list", phase.Name)
		}
		at := "phases." + names[p] + ".faults"
		called := itemNames(list)
		var gone []string
		for f, fault := range phase.Faults {
			if keep(p, f) {
				left = append(left, phase.Name, calledBy(fault))
				continue
			}
			gone = append(gone, at+"."+called[f]+"=null")
		}
		if len(gone) == len(phase.Faults) {
			gone = []string{at + "=null"}
		}
		slices.Reverse(gone) // numbers of those before one stay
		sets = append(sets, gone...)
	}
	for i, e := range slices.Backward(doc.Expect) {
		if e.After != "" && !slices.Contains(left, e.After) {
			sets = append(sets, fmt.Sprintf("expect.%d=null", i))
		}
	}
	return sets, nil
}

// calledBy is what expectations call a fault.
func calledBy(f faults.Fault) string {
	if f.Name != "" {
		return f.Name
	}
	return f.Kind.String()
}
