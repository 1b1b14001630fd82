package load

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

// meter watches the generator itself, over all loads of one drive. Like the phases of a result it
// leaves the warm-up out, unless the drive is nothing else.
type meter struct {
	from, until time.Duration
	limited     atomic.Bool
	ranOut      atomic.Pointer[string] // what the generator itself ran out of, last

	inFlight, most atomic.Int64

	mu                     sync.Mutex
	intended, lost, inTime int64
	lag                    *hdrhistogram.Histogram
	lagMax                 time.Duration
}

func newMeter(d runner.Drive) *meter {
	m := &meter{from: d.From, until: d.Until, lag: record.NewHistogram()}
	if d.Until > 0 {
		m.from = max(d.From, 0)
	}
	return m
}

func (m *meter) enter() {
	now := m.inFlight.Add(1)
	for most := m.most.Load(); now > most && !m.most.CompareAndSwap(most, now); most = m.most.Load() {
	}
}

func (m *meter) leave() { m.inFlight.Add(-1) }

func (m *meter) sent(s record.Sample) {
	if s.Intended < m.from {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.intended++
	if s.Sent < m.until {
		m.inTime++
	}
	record.RecordDuration(m.lag, s.Lag())
	m.lagMax = max(m.lagMax, s.Lag())
}

func (m *meter) unsent(s record.Sample) {
	if s.Intended < m.from {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.intended++
	m.lost++
}

// figures sums up a drive that ended at the given time. The achieved rate counts what was sent
// by then; what was sent later, to catch up, is in Sent but not in it.
func (m *meter) figures(end time.Duration) record.Generator {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := record.Generator{
		Intended: m.intended, Sent: m.intended - m.lost, Unsent: m.lost,
		MaxInFlight: m.most.Load(), Limited: m.limited.Load(),
		LagMs: record.Lag{
			P50: record.Milliseconds(record.Quantile(m.lag, 50)),
			P99: record.Milliseconds(record.Quantile(m.lag, 99)),
			Max: record.Milliseconds(m.lagMax),
		},
	}
	if what := m.ranOut.Load(); what != nil {
		g.RanOut = *what
	}
	if seconds := (end - m.from).Seconds(); seconds > 0 {
		g.IntendedRate = float64(m.intended) / seconds
		g.AchievedRate = float64(m.inTime) / seconds
	}
	return g
}
