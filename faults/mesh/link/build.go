package link

import (
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/chance"
)

// build makes the stage of a toxic for one direction of one connection, nil where its toxicity spares the
// connection. old is the stage that it replaces, nil for none.
func (t *Toxic) build(d *direction, old stage, now time.Time) stage {
	m := met{toxic: t, link: d.link, key: t.Key ^ chance.Scramble(uint64(d.link.Number))}
	if t.perConnection() && !m.spin(0) {
		return nil
	}
	switch a := t.Spec.Attributes.(type) {
	case faults.LatencyToxic:
		return newLatency(m, a)
	case faults.BandwidthToxic:
		return newBandwidth(m, a, old, now)
	case faults.TimeoutToxic:
		return newTimeout(m, a, old)
	case faults.ResetPeerToxic:
		return newReset(m, a, old, now)
	case faults.SlicerToxic:
		return newSlicer(m, a, old, now)
	default:
		return newForeign(m, foreignToxic(a), d, old)
	}
}
