package broker

import (
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/node/internal/host"
)

// waitsOf have the messages that wait for each dispatcher read, by who they wait for.
func waitsOf(by map[string]*dispatcher) map[string]func() passage.Reading {
	out := make(map[string]func() passage.Reading, len(by))
	for who, d := range by {
		out[who] = func() passage.Reading { return d.waits.Read(time.Now()) }
	}
	return out
}

// series are the metrics of one receiver of a queue or a stream; lag tells how many messages it has not had, and when the
// first of them came.
func (d *dispatcher) series(subscriber string, lag func() (int, time.Time)) []host.Series {
	label := `subscriber="` + subscriber + `"`
	count := func(name, help string, n *atomic.Int64) host.Series {
		return host.Series{
			Name: name, Kind: "counter", Help: help, Label: label, Value: func() float64 { return float64(n.Load()) },
		}
	}
	gauge := func(name, help string, value func() float64) host.Series {
		return host.Series{Name: name, Kind: "gauge", Help: help, Label: label, Value: value}
	}
	return []host.Series{
		gauge("squall_lag_messages", "Messages that the subscriber (a queue's receiver) has not had.", func() float64 {
			n, _ := lag()
			return float64(n)
		}),
		gauge("squall_lag_seconds", "How long the first of them has waited.", func() float64 {
			n, since := lag()
			if n == 0 {
				return 0
			}
			return time.Since(since).Seconds()
		}),
		gauge("squall_settling_messages", "Messages that have met their fate, which is not on disk yet.", func() float64 {
			return float64(d.settling.Load())
		}),
		count("squall_subscriber_delivered_total", "Messages delivered to the subscriber and acknowledged.", &d.delivered),
		count("squall_subscriber_fresh_total", "Deliveries to the subscriber that came within its freshness.", &d.fresh),
		count("squall_subscriber_replayed_total", "Messages that the subscriber got once more by a replay.", &d.replayed),
		count("squall_subscriber_redelivered_total", "Delivery attempts to the subscriber beyond a message's first.", &d.redelivered),
		count("squall_subscriber_dead_total", "Messages that the subscriber refused, or did not take in as many attempts as they have.", &d.dead),
		count("squall_subscriber_expired_total", "Messages given up for the subscriber because they had waited for longer than their ttl.", &d.expired),
	}
}
