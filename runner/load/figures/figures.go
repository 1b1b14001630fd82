// Package figures is how a load generator says what it has done, as plain values that add up: those of several generators, each with a part of
// the same load, are together exactly those of one that has sent it all.
package figures

import (
	"cmp"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner/record"
)

// Figures of one drive. Requests are those of the phases, of a drive that was nothing but warm-up all.
type Figures struct {
	// From is where they count from, End when the drive was over or cut short.
	From, End time.Duration
	// Intended requests, those of them that were not sent, and those that were sent before the end.
	Intended, Unsent, InTime int64
	// Unknown are those of the intended of which nobody knows what became.
	Unknown int64
	Lag     Histogram
	LagMax  time.Duration
	// MaxInFlight is the most requests in flight at once. Those of several generators need not have been so at one moment: their sum bounds it.
	MaxInFlight int64
	// Limited tells that a stated limit was hit, RanOut what it ran out of, Lacked for how many connections.
	Limited bool
	RanOut  string
	Lacked  int64
	// Closed are its closed loads, in the order of their names.
	Closed []Closed
	// CPU is the time that it used, Descriptors how many files it may have open, where it was a process of its own; nil: that is not known.
	CPU         *time.Duration
	Descriptors *int64
}

// Closed is about the users of a closed load: how long they thought and how long they waited.
type Closed struct {
	Load    string
	Users   int
	Thought time.Duration
	Thinks  int64
	Waits   []Wait // in the order of their names
}

// Wait is of one request: the waits of all that were sent, and of those that were answered.
type Wait struct {
	Request       string
	All, Answered Histogram
	Most          time.Duration
}

// Histogram is one of record.NewHistogram as plain values.
type Histogram []Bar

// Bar is a bucket that holds anything: the highest value in us that belongs there, and how many do.
type Bar struct{ Top, Count int64 }

// Export is a histogram as plain values.
func Export(h *hdrhistogram.Histogram) (out Histogram) {
	for top, count := range record.Bars(h) {
		out = append(out, Bar{top, count})
	}
	return out
}

// Histogram is it again.
func (h Histogram) Histogram() *hdrhistogram.Histogram {
	out := record.NewHistogram()
	for _, bar := range h {
		_ = out.RecordValues(bar.Top, bar.Count) // it came from such a one
	}
	return out
}

// merge is both together; each has its buckets in ascending order, as Export has them.
func (h Histogram) merge(o Histogram) Histogram {
	out := make(Histogram, 0, max(len(h), len(o)))
	for len(h) > 0 && len(o) > 0 {
		switch {
		case h[0].Top < o[0].Top:
			out, h = append(out, h[0]), h[1:]
		case h[0].Top > o[0].Top:
			out, o = append(out, o[0]), o[1:]
		default:
			out = append(out, Bar{h[0].Top, h[0].Count + o[0].Count})
			h, o = h[1:], o[1:]
		}
	}
	return append(append(out, h...), o...)
}

// Merge is what several generators have done together.
func Merge(all []Figures) Figures {
	var out Figures
	for i, f := range all {
		if i == 0 {
			out.From = f.From
		}
		out.From, out.End = min(out.From, f.From), max(out.End, f.End)
		out.Intended, out.Unsent, out.InTime = out.Intended+f.Intended, out.Unsent+f.Unsent, out.InTime+f.InTime
		out.Unknown += f.Unknown
		out.Lag, out.LagMax = out.Lag.merge(f.Lag), max(out.LagMax, f.LagMax)
		out.MaxInFlight, out.Lacked = out.MaxInFlight+f.MaxInFlight, out.Lacked+f.Lacked
		out.Limited, out.RanOut = out.Limited || f.Limited, cmp.Or(out.RanOut, f.RanOut)
		out.Closed = mergeClosed(out.Closed, f.Closed)
		if f.CPU != nil {
			sum := *f.CPU
			if out.CPU != nil {
				sum += *out.CPU
			}
			out.CPU = &sum
		}
	}
	return out
}

func mergeClosed(all, more []Closed) []Closed {
	all = slices.Clone(all)
	for _, c := range more {
		at, known := slices.BinarySearchFunc(all, c.Load, func(one Closed, name string) int { return cmp.Compare(one.Load, name) })
		if !known {
			all = slices.Insert(all, at, c)
			continue
		}
		one := &all[at]
		one.Thought, one.Thinks = one.Thought+c.Thought, one.Thinks+c.Thinks
		one.Waits = mergeWaits(one.Waits, c.Waits)
	}
	return all
}

func mergeWaits(all, more []Wait) []Wait {
	all = slices.Clone(all)
	for _, w := range more {
		at, known := slices.BinarySearchFunc(all, w.Request, func(one Wait, name string) int { return cmp.Compare(one.Request, name) })
		if !known {
			all = slices.Insert(all, at, w)
			continue
		}
		one := &all[at]
		one.All, one.Answered, one.Most = one.All.merge(w.All), one.Answered.merge(w.Answered), max(one.Most, w.Most)
	}
	return all
}

// Generator is what the record says of them. The achieved rate counts what was sent by the end; what was sent later, to catch up, is in Sent but
// not in it.
func (f Figures) Generator() record.Generator {
	lag := f.LagMs()
	g := record.Generator{
		Intended: f.Intended, Sent: f.Intended - f.Unsent - f.Unknown, Unsent: f.Unsent, Unknown: f.Unknown,
		MaxInFlight: f.MaxInFlight, Limited: f.Limited, LagMs: lag, RanOut: f.RanOut,
	}
	if seconds := (f.End - f.From).Seconds(); seconds > 0 {
		g.IntendedRate = float64(f.Intended) / seconds
		g.AchievedRate = float64(f.InTime) / seconds
	}
	for _, c := range f.Closed {
		if s, stood := c.stall(f.End - f.From); stood {
			g.Stalls = append(g.Stalls, s)
		}
	}
	return g
}

// LagMs is how late they were sent.
func (f Figures) LagMs() record.Lag {
	h := f.Lag.Histogram()
	return record.Lag{
		P50: record.Milliseconds(record.Quantile(h, 50)),
		P99: record.Milliseconds(record.Quantile(h, 99)),
		Max: record.Milliseconds(f.LagMax),
	}
}
