package analysis

import (
	"fmt"
	"slices"
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

// Recovered is what a fault did to the steady state. Times are nil where Untold says why they can't be told.
type Recovered struct {
	// Detected counts from the fault's onset to the first second outside the band; nil: users never felt it (or Untold).
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
	// With is another fault that this one can't be told apart from: all figures are of both together.
	With string
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
// A fault is felt until the next one begins: what is outside the band from then on may be that one's doing. Where another fault came on in the
// same second, or was on already and felt, this one can't be told apart from it, and the figures are of both. Where another one
// was on after this one was gone and a second outside the band may be its doing, or where the run ended before three good seconds had passed,
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
	case !steady.Known || steady.blind():
		return Recovered{Untold: noSteadyState(steady)}
	}
	if span.Stays {
		return done(timeline, steady, spans, which, end)
	}
	row := between(timeline, *span.On, nextOnset(spans, which, end))
	var out Recovered
	under := between(timeline, *span.On, end)
	first := firstFelt(steady, row)
	if first >= 0 {
		out.With = twin(timeline, steady, spans, which)
		out.Detected = since(*span.On, row[first].At)
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
		return Recovered{Detected: out.Detected, With: out.With, Untold: other}
	}
	if !found {
		out.Metastable = metastable(after, steady, *span.Off-*span.On, end-*span.Off)
		out.Untold = unwatched(steady, after)
		return out
	}
	out.After = since(*span.Off, after[at].At)
	out.FromOnset = settled(under, steady, *span.On, after[at].At, first)
	return out
}

func noSteadyState(steady Steady) string {
	const none = "there is no steady state to compare with: "
	switch {
	case steady.Known: // and blind
		return fmt.Sprintf(none+"%.3g%% of the requests before the first fault went well, and a second in which all fail would be no worse", 100*steady.Success)
	case steady.Since > 0:
		return fmt.Sprintf(none+"only %d whole seconds with traffic between the load's last change and the first fault", steady.Seconds)
	}
	return fmt.Sprintf(none+"only %d whole seconds with traffic before the first fault", steady.Seconds)
}

// nextOnset is when the next fault begins, in a later second; the end of the phases where there is none.
func nextOnset(spans []OnOff, which int, end time.Duration) time.Duration {
	for i, o := range spans {
		if i != which && o.On != nil && o.On.Truncate(time.Second) > spans[which].On.Truncate(time.Second) {
			end = min(end, o.On.Truncate(time.Second))
		}
	}
	return end
}

// firstFelt is the first second outside the band; where there is none, and all of them together are, the first that is worse
// than usual. -1: none was felt.
func firstFelt(steady Steady, row []Second) int {
	first := slices.IndexFunc(row, func(s Second) bool { return !steady.Within(s) })
	if first < 0 && steady.Felt(row) {
		first = slices.IndexFunc(row, steady.worse)
	}
	return first
}

// twin is another fault that is felt in the place of this one, or with it: it came on in the same second, or the system was outside the band
// under it already.
func twin(timeline []Second, steady Steady, spans []OnOff, which int) string {
	on := spans[which].On.Truncate(time.Second)
	for i, o := range spans {
		if i == which || o.On == nil || o.Off != nil && *o.Off <= *spans[which].On {
			continue
		}
		switch began := o.On.Truncate(time.Second); {
		case began == on:
			return o.What
		case began < on:
			if before := between(timeline, on-time.Second, on); len(before) > 0 && !steady.Within(before[0]) {
				return o.What
			}
		}
	}
	return ""
}

// unwatched says why recovery can't be told where the run ended too early: while good seconds were being counted, or at once.
func unwatched(steady Steady, after []Second) string {
	row := 0
	for _, s := range after {
		if row++; !steady.Within(s) {
			row = 0
		}
	}
	switch {
	case len(after) == 0:
		return "nobody watched long enough: the run ended with it"
	case row > 0:
		return fmt.Sprintf("nobody watched long enough: the run ended after %d of the %d good seconds in a row that it takes", row, recoveredRow)
	}
	return ""
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
	row := between(timeline, on, nextOnset(spans, which, end))
	if first := firstFelt(steady, row); well && first >= 0 {
		out.With = twin(timeline, steady, spans, which)
		out.Detected = since(on, row[first].At)
	}
	at, found := recoveredAt(steady, after, well && out.Detected == nil)
	until := end
	if found {
		until = after[at].At
	}
	if other := blamed(timeline, steady, spans, which, on, until); other != "" {
		return Recovered{Detected: out.Detected, With: out.With, Untold: other}
	}
	if !found {
		out.Untold = unwatched(steady, after)
		return out
	}
	out.After = since(on, after[at].At)
	out.FromOnset = out.After
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
	f.ToldWith = r.With
}

func maybeSeconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := record.Seconds(*d)
	return &s
}
