package host

import (
	"slices"
	"strings"
)

// Series is one metric of a part of a node, beside the table's, which are of all of it: as in
// squall_lag_seconds{subscriber="search"}.
type Series struct {
	Name, Kind, Help string
	Label            string // as in subscriber="search"
	Value            func() float64
}

// Tell adds series to the metrics, those of one name together. A role does that once, while it is built.
func (m *Metrics) Tell(all []Series) {
	slices.SortStableFunc(all, func(a, b Series) int { return strings.Compare(a.Name, b.Name) })
	m.series.Store(&all)
}

// told are the series; the admin address answers before the role is built.
func (m *Metrics) told() []Series {
	if all := m.series.Load(); all != nil {
		return *all
	}
	return nil
}

// full is a series' name with its label.
func (s Series) full() string { return s.Name + "{" + s.Label + "}" }
