// Package clocks compares the clock of this process with that of another one, which may run on another machine, and says how sure that is.
package clocks

import (
	"context"
	"errors"
	"time"
)

// Offset is how far another clock is ahead of this process's own.
type Offset struct {
	// Ahead is the best guess, and Uncertain by how much it may be wrong in both directions: half the time that the question took.
	Ahead, Uncertain time.Duration
	// At is when it was measured.
	At time.Time
}

// drift bounds how much faster or slower than another one a machine's clock may run: what its crystal is good for.
const drift = 100e-6

// Between is how far another clock is ahead by one exchange, and by how much that may be off in both directions, as NTP has it (RFC 5905, section 8): out
// is how much later it was there when the question came than here when it was put, back how much later there when it was answered than here
// when the answer came.
func Between(out, back time.Duration) (ahead, uncertain time.Duration) {
	return (out + back) / 2, (out - back + 1) / 2
}

// Measure asks so many times for another clock's time, and takes the quickest answer: it leaves the least to doubt.
func Measure(ctx context.Context, times int, ask func(context.Context) (time.Time, error)) (Offset, error) {
	var best Offset
	var last error
	for range times {
		asked := time.Now()
		theirs, err := ask(ctx)
		heard := time.Now()
		if err != nil {
			last = err
			continue
		}
		if ahead, uncertain := Between(theirs.Sub(asked), theirs.Sub(heard)); best.At.IsZero() || uncertain < best.Uncertain {
			best = Offset{ahead, uncertain, asked}
		}
	}
	if best.At.IsZero() {
		return best, errors.Join(last, ctx.Err())
	}
	return best, nil
}

// Since is the offset as it is at a later time, when the clocks may have drifted apart.
func (o Offset) Since(now time.Time) Offset {
	if age := now.Sub(o.At); age > 0 {
		o.Uncertain += time.Duration(float64(age) * drift)
	}
	return o
}

// Better is the one that leaves less to doubt at a time.
func (o Offset) Better(other Offset, now time.Time) Offset {
	if o.At.IsZero() || !other.At.IsZero() && other.Since(now).Uncertain < o.Since(now).Uncertain {
		return other
	}
	return o
}

// There is a time of this clock as the other one tells it, Here one of the other clock as this one does.
func (o Offset) There(t time.Time) time.Time { return t.Add(o.Ahead) }
func (o Offset) Here(t time.Time) time.Time  { return t.Add(-o.Ahead) }
