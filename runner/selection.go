package runner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
)

// selection is a selector in words, near to how a scenario spells it.
func selection(s faults.Selector) string {
	var words []string
	switch {
	case s.Edge != nil:
		arrow := " -> "
		if s.Edge.Both {
			arrow = " <-> "
		}
		words = append(words, selection(s.Edge.From)+arrow+selection(s.Edge.To))
	case len(s.Any) > 0:
		parts := make([]string, len(s.Any))
		for i, a := range s.Any {
			parts[i] = selection(a)
		}
		words = append(words, strings.Join(parts, ", "))
	case s.Name != "":
		words = append(words, s.Name)
	}
	for _, label := range []struct{ key, value string }{{"region", s.Region}, {"zone", s.Zone}, {"kind", s.Role}} {
		if label.value != "" {
			words = append(words, label.key+" "+label.value)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
		words = append(words, key+"="+s.Labels[key])
	}
	text := strings.Join(words, ", ")
	if s.Share > 0 && s.Share < 1 {
		text = fmt.Sprintf("%g%% of %s", 100*s.Share, text)
	}
	return text
}
