package node

import (
	"sync/atomic"
	"time"
)

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
