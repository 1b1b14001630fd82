package node

import (
	"slices"
	"strings"
)

// series is one metric of a part of a node, beside the table's, which are of all of it: as in
// squall_lag_seconds{subscriber="search"}.
type series struct {
	name, kind, help string
	label            string // as in subscriber="search"
	value            func() float64
}

// tell adds series to the metrics, those of one name together. A role does that once, while it is built.
func (m *metrics) tell(all []series) {
	slices.SortStableFunc(all, func(a, b series) int { return strings.Compare(a.name, b.name) })
	m.series.Store(&all)
}

// told are the series; the admin address answers before the role is built.
func (m *metrics) told() []series {
	if all := m.series.Load(); all != nil {
		return *all
	}
	return nil
}

// full is a series' name with its label.
func (s series) full() string { return s.name + "{" + s.label + "}" }
