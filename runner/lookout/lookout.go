// Package lookout judges what users get while a run goes on, second after second, by what a scenario says ends or holds it. It ends and holds
// nothing itself.
package lookout

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// Lookout takes samples and judges seconds. A request counts in the second in which its outcome is known: so a second that is over changes no more.
// It is safe for concurrent use.
type Lookout struct {
	mu      sync.Mutex
	watches []*watch
	next    int // the second that is judged next
}

// watch is one condition, with the seconds that are not judged yet.
type watch struct {
	scenarios.Condition
	seconds map[int]*tally
	row     int // so many seconds in a row it has been so
	met     bool
}

// tally are the outcomes of a second.
type tally struct {
	known, ok, degraded, stale int64
	answers                    []time.Duration
}

// Met is a condition that has been so for as long as it says.
type Met struct {
	scenarios.Condition
	// Index of the condition among those that New was given.
	Index int
	// Measured is what the last second came to, in words.
	Measured string
}

// New looks out for conditions.
func New(conditions ...scenarios.Condition) *Lookout {
	l := &Lookout{}
	for _, c := range conditions {
		l.watches = append(l.watches, &watch{Condition: c, seconds: map[int]*tally{}})
	}
	return l
}

// Add takes a request whose outcome is known now; times count from the start of the first phase.
func (l *Lookout) Add(s record.Sample, now time.Duration) {
	if now < 0 || len(l.watches) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	second := int(now / time.Second)
	for _, w := range l.watches {
		if w.Of == "" || w.Of == "all" || w.Of == s.Request || w.Of == s.Load {
			w.tally(second).add(s)
		}
	}
}

func (w *watch) tally(second int) *tally {
	t := w.seconds[second]
	if t == nil {
		t = &tally{}
		w.seconds[second] = t
	}
	return t
}

func (t *tally) add(s record.Sample) {
	t.known++
	if s.Stale {
		t.stale++
	}
	switch s.Outcome {
	case record.OK:
		t.ok++
	case record.Degraded:
		t.degraded++
	default:
		return
	}
	t.answers = append(t.answers, s.Latency())
}

// Judge judges the seconds that are over by now, and returns the conditions that came to be met with them. A condition is met once, until it has
// not been so for a second. phaseAt names the phase of a time.
func (l *Lookout) Judge(now time.Duration, phaseAt func(time.Duration) string) []Met {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Met
	for ; time.Duration(l.next+1)*time.Second <= now; l.next++ {
		begin := time.Duration(l.next) * time.Second
		first, last := phaseAt(begin), phaseAt(begin+time.Second-1)
		for i, w := range l.watches {
			t := w.tally(l.next)
			delete(w.seconds, l.next)
			measured, so := w.so(t)
			if w.In != "" && w.In != "all" && (first != w.In || last != w.In) {
				so = false
			}
			if !so {
				w.row, w.met = 0, false
				continue
			}
			if w.row++; w.row >= w.Seconds() && !w.met {
				w.met = true
				out = append(out, Met{w.Condition, i, measured})
			}
		}
	}
	return out
}

// so tells whether a second keeps to every bound, and what it came to. What is unknown keeps to none.
func (w *watch) so(t *tally) (measured string, so bool) {
	var words []string
	for _, b := range w.Bounds {
		value, known := t.figure(b.Metric)
		if !known || !b.Keeps(value) {
			return "", false
		}
		words = append(words, string(b.Metric)+" "+spelled(value, b.Metric.Facts().Unit))
	}
	return strings.Join(words, ", "), true
}

// figure is a metric of a second: shares as fractions, latencies in seconds. false: it is unknown.
func (t *tally) figure(m metric.Name) (float64, bool) {
	facts := m.Facts()
	good := t.ok + t.degraded
	if facts.Latency() {
		if int64(len(t.answers)) < facts.Needs() {
			return 0, false
		}
		return t.latency(facts).Seconds(), true
	}
	if m == metric.Goodput {
		return float64(good), true // without an answer it is 0, and known to be
	}
	of, all := map[metric.Name]int64{metric.Success: good, metric.OK: t.ok, metric.Degraded: t.degraded, metric.Failed: t.known - good, metric.StaleReads: t.stale}, t.known
	return float64(of[m]) / float64(all), all > 0
}

// latency is of answers, whole ones and degraded ones: the least that so many of them do not exceed.
func (t *tally) latency(m metric.Metric) time.Duration {
	if m.Name == metric.Mean {
		var sum time.Duration
		for _, d := range t.answers {
			sum += d
		}
		return sum / time.Duration(len(t.answers))
	}
	slices.Sort(t.answers)
	rank := len(t.answers)
	if m.Percentile > 0 {
		rank = int(math.Ceil(m.Percentile/100*float64(rank) - 1e-9))
	}
	return t.answers[rank-1]
}

func spelled(value float64, unit metric.Unit) string {
	switch unit {
	case metric.Share:
		return fmt.Sprintf("%.1f%%", 100*value)
	case metric.Time:
		return fmt.Sprintf("%.0f ms", 1000*value)
	}
	return fmt.Sprintf("%.0f/s", value)
}
