package analysis

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// OnOff is when a fault was in force and gone, from zero; nil: never. What is the fault in words. Stays tells of a change that
// is there for good.
type OnOff struct {
	What    string
	On, Off *time.Duration
	Stays   bool
}

// Recovered is what a fault did to the steady state. All times are nil where Untold says why they can't be told.
type Recovered struct {
	// Detected counts from the fault's onset to the first second outside the band; nil: users never felt it.
	Detected *time.Duration
	// After counts from when the fault was gone to the first of three seconds in a row within the band. 0 if
	// the system was within the band when the fault went. nil: not by the end of the run.
	After *time.Duration
	// FromOnset counts from the onset to the moment since when the system has been within the band: it may lie
	// before the fault was gone, where the system settled under it.
	FromOnset *time.Duration
	// Metastable tells that goodput stayed down though the fault was gone.
	Metastable bool
	Untold     string
}

// The rules of recovery.
const (
	// recoveredRow is how many seconds in a row must be within the band.
	recoveredRow = 3
	// A metastable state must have been watched for as long as the fault was on, for 10 s at least and for 60 s at most.
	metastableLeast = 10 * time.Second
	metastableMost  = 60 * time.Second
	// metastableLoad is how much more than the steady load may have been sent meanwhile.
	metastableLoad = 1.1
)

// Recovery says how the system fared under one of the faults and after it, by the steady band, until
// the end of the phases. Its resolution is the second: the second that a fault begins or ends in counts
// as its own, as it was partly under it.
//
// Where another fault was on after this one was gone and a second outside the band may be that one's doing,
// recovery is untold, not measured wrongly. Metastable is said with restraint: not recovered, success
// (not only p99) below the band in every second since the fault was gone, watched for long enough, with no more load
// than before and no other fault on.
//
// A change that stays is what an operator did, for better or worse: recovery counts from when that was done, and it was felt only
// where the system was within the band until then.
func Recovery(timeline []Second, steady Steady, spans []OnOff, which int, end time.Duration) Recovered {
	span := spans[which]
	switch {
	case span.On == nil:
		return Recovered{Untold: "it was never applied"}
	case !steady.Known:
		return Recovered{Untold: fmt.Sprintf("there is no steady state to compare with: only %d whole seconds with traffic before the first fault", steady.Seconds)}
	}
	if span.Stays {
		return done(timeline, steady, spans, which, end)
	}
	var out Recovered
	under := between(timeline, *span.On, end)
	first := -1
	for i, s := range under {
		if !steady.Within(s) {
			first = i
			out.Detected = since(*span.On, s.At)
			break
		}
	}
	if span.Off == nil {
		return out
	}
	after := between(timeline, *span.Off, end)
	at, found := recoveredAt(steady, after, first < 0)
	until := end
	if found {
		until = after[at].At
	}
	if other := blamed(timeline, steady, spans, which, *span.Off, until); other != "" {
		return Recovered{Detected: out.Detected, Untold: other}
	}
	if !found {
		out.Metastable = metastable(after, steady, *span.Off-*span.On, end-*span.Off)
		return out
	}
	out.After = since(*span.Off, after[at].At)
	out.FromOnset = settled(under, steady, *span.On, after[at].At, first)
	return out
}

// done is Recovery for a change that stays.
func done(timeline []Second, steady Steady, spans []OnOff, which int, end time.Duration) Recovered {
	on := *spans[which].On
	after := between(timeline, on, end)
	well := true // until then
	if before := between(timeline, on-time.Second, on); len(before) > 0 {
		well = steady.Within(before[0])
	}
	var out Recovered
	for _, s := range after {
		if well && !steady.Within(s) {
			out.Detected = since(on, s.At)
			break
		}
	}
	at, found := recoveredAt(steady, after, well && out.Detected == nil)
	until := end
	if found {
		until = after[at].At
	}
	if other := blamed(timeline, steady, spans, which, on, until); other != "" {
		return Recovered{Detected: out.Detected, Untold: other}
	}
	if found {
		out.After = since(on, after[at].At)
		out.FromOnset = out.After
	}
	return out
}

// between are the seconds that overlap a stretch.
func between(timeline []Second, from, to time.Duration) []Second {
	var out []Second
	for _, s := range timeline {
		if s.At+time.Second > from && s.At < to {
			out = append(out, s)
		}
	}
	return out
}

// since is how long after a moment a second began; 0 if it had begun before.
func since(moment, at time.Duration) *time.Duration {
	d := max(at-moment, 0)
	return &d
}

// recoveredAt finds the first of three seconds in a row within the band. A system that never left the band
// needs no such proof, only that it does not leave it afterwards.
func recoveredAt(steady Steady, after []Second, unfelt bool) (int, bool) {
	row := 0
	for i, s := range after {
		if !steady.Within(s) {
			row = 0
			unfelt = false
			continue
		}
		if row++; row == recoveredRow {
			return i - recoveredRow + 1, true
		}
	}
	return 0, unfelt && len(after) > 0
}

// blamed says which other fault may be why the system was outside the band before it recovered.
func blamed(timeline []Second, steady Steady, spans []OnOff, which int, off, until time.Duration) string {
	for i, o := range spans {
		if i == which || o.On == nil {
			continue
		}
		on, gone := max(*o.On, off), until
		if o.Off != nil {
			gone = min(gone, *o.Off)
		}
		for _, s := range between(timeline, on, gone) {
			if on < gone && !steady.Within(s) {
				return o.What + " was on before it could have recovered"
			}
		}
	}
	return ""
}

// settled walks back from the moment of recovery while the system was within the band.
func settled(under []Second, steady Steady, on, recovered time.Duration, first int) *time.Duration {
	if first < 0 {
		return new(time.Duration)
	}
	since := recovered
	for i := len(under) - 1; i >= 0; i-- {
		if under[i].At > recovered {
			continue
		}
		if !steady.Within(under[i]) {
			break
		}
		since = under[i].At
	}
	d := max(since-on, 0)
	return &d
}

// metastable tells that goodput stayed down after the fault had gone.
func metastable(after []Second, steady Steady, on, watched time.Duration) bool {
	need := min(max(on, metastableLeast), metastableMost)
	if watched < need || len(after) <= recoveredRow {
		return false
	}
	var sent int64
	for _, s := range after[1:] { // the first one was partly under the fault
		if steady.Good(s) {
			return false
		}
		sent += s.Sent
	}
	return float64(sent) <= metastableLoad*steady.Rate*float64(len(after)-1)
}

// Into writes it into the record.
func (r Recovered) Into(f *record.Fault) {
	f.DetectedAfterS = maybeSeconds(r.Detected)
	f.RecoveredAfterS = maybeSeconds(r.After)
	f.RecoveredFromOnsetS = maybeSeconds(r.FromOnset)
	f.Metastable = r.Metastable
	f.RecoveryUntold = r.Untold
}

func maybeSeconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := record.Seconds(*d)
	return &s
}
