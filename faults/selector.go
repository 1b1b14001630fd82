package faults

import (
	"sort"
	"strings"
)

// String is the selection in words, as reports and plans show it: "orders -> payments",
// "50% of region eu", "payments-2".
func (s Selector) String() string {
	text := s.what()
	if s.Share > 0 && s.Share < 1 {
		return percent(s.Share) + " of " + text
	}
	return text
}

func (s Selector) what() string {
	switch {
	case s.Name != "" && s.Port != "":
		return s.Name + ":" + s.Port
	case s.Name != "":
		return s.Name
	case s.Edge != nil:
		arrow := " -> "
		if s.Edge.Both {
			arrow = " <-> "
		}
		return s.Edge.From.String() + arrow + s.Edge.To.String()
	case len(s.Any) > 0:
		words := make([]string, len(s.Any))
		for i, one := range s.Any {
			words[i] = one.String()
		}
		return "(" + strings.Join(words, ", ") + ")"
	}
	var words []string
	for _, w := range [][2]string{{"kind", s.Role}, {"region", s.Region}, {"zone", s.Zone}} {
		if w[1] != "" {
			words = append(words, w[0]+" "+w[1])
		}
	}
	labels := make([]string, 0, len(s.Labels))
	for k, v := range s.Labels {
		labels = append(labels, k+"="+v)
	}
	sort.Strings(labels)
	return strings.Join(append(words, labels...), " ")
}
