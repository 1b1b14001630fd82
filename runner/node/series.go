package node

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"
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

// series are the metrics of one receiver of a queue or a stream; lag tells how many messages it has not had, and when the
// first of them came.
func (d *courier) series(subscriber string, lag func() (int, time.Time)) []series {
	label := `subscriber="` + subscriber + `"`
	count := func(name, help string, n *atomic.Int64) series {
		return series{name, "counter", help, label, func() float64 { return float64(n.Load()) }}
	}
	return []series{
		{"squall_lag_messages", "gauge", "Messages that the subscriber (a queue's receiver) has not had.", label, func() float64 {
			n, _ := lag()
			return float64(n)
		}},
		{"squall_lag_seconds", "gauge", "How long the first of them has waited.", label, func() float64 {
			n, since := lag()
			if n == 0 {
				return 0
			}
			return time.Since(since).Seconds()
		}},
		count("squall_subscriber_delivered_total", "Messages delivered to the subscriber and acknowledged.", &d.delivered),
		count("squall_subscriber_fresh_total", "Deliveries to the subscriber that came within its freshness.", &d.fresh),
		count("squall_subscriber_replayed_total", "Messages that the subscriber got once more by a replay.", &d.replayed),
		count("squall_subscriber_redelivered_total", "Delivery attempts to the subscriber beyond a message's first.", &d.redelivered),
		count("squall_subscriber_dead_total", "Messages that the subscriber refused, or did not take in as many attempts as they have.", &d.dead),
		count("squall_subscriber_expired_total", "Messages given up for the subscriber because they had waited for longer than their ttl.", &d.expired),
	}
}
