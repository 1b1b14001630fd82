package load

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/record"
)

// meter watches the generator itself, over all loads of one drive. Like the phases of a result it
// leaves the warm-up out, unless the drive is nothing else.
type meter struct {
	from    time.Duration
	until   func() time.Duration
	limited atomic.Bool
	ranOut  atomic.Pointer[string] // what the generator itself ran out of, last

	inFlight, most atomic.Int64

	mu                     sync.Mutex
	intended, lost, inTime int64
	lag                    *hdrhistogram.Histogram
	lagMax                 time.Duration
}

func newMeter(d runner.Drive) *meter {
	m := &meter{from: d.From, until: func() time.Duration { return until(d) }, lag: record.NewHistogram()}
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
	if s.Sent < m.until() {
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

// figures are those of a drive that ended at the given time.
func (m *meter) figures(end time.Duration) figures.Figures {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := figures.Figures{
		From: m.from, End: end, Intended: m.intended, Unsent: m.lost, InTime: m.inTime,
		Lag: figures.Export(m.lag), LagMax: m.lagMax, MaxInFlight: m.most.Load(), Limited: m.limited.Load(),
	}
	if what := m.ranOut.Load(); what != nil {
		f.RanOut = *what
	}
	return f
}
