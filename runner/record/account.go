package record

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// WrittenFile is the file of a run's folder that has the writes of loads with a read back, a line each.
const WrittenFile = "writes.jsonl"

// WriteOutcome is what the user of a write knows of it when its last try is over.
type WriteOutcome string

// What users know: that it is done, that it is not, or neither.
const (
	Acknowledged WriteOutcome = "acknowledged"
	// Refused: it was never sent, or its answer says that it is wrong.
	Refused WriteOutcome = "refused"
	// Unknown: it was sent, and no answer or one of 5xx came. It may be there and may not be.
	Unknown WriteOutcome = "unknown"
)

// What a user's look at its own write shows.
const (
	ReadShown   = "shown"
	ReadStale   = "stale"
	ReadUnknown = "unknown" // it failed
)

// SampleWrite is what a sample says of a write that is accounted for.
type SampleWrite struct {
	ID, Key string
	// Outcome is "" on a sample that is a look at the write.
	Outcome  WriteOutcome
	Attempts int
	// Read is what the look showed.
	Read string
}

// accounts are the writes of each load, in the order in which they ended.
type accounts map[string]*account

type account struct {
	written []Written
	byID    map[string]int
}

// add takes a write, or a look at one.
func (a accounts) add(s Sample, phase string) {
	one := a[s.Load]
	if one == nil {
		one = &account{byID: map[string]int{}}
		a[s.Load] = one
	}
	w := s.Write
	if w.Outcome == "" {
		if at, known := one.byID[w.ID]; known {
			one.written[at].Read = w.Read
		}
		return
	}
	one.byID[w.ID] = len(one.written)
	one.written = append(one.written, Written{
		Load: s.Load, Request: s.Request, Seq: s.Seq, ID: w.ID, Key: w.Key, Phase: phase,
		SentS: s.Sent.Seconds(), DoneS: s.Done.Seconds(), Outcome: w.Outcome,
		Attempts: w.Attempts, Status: s.Status, Error: s.Error, sent: s.Sent, done: s.Done,
	})
}

// Written are the writes of a load that are accounted for, by their numbers; nil: it has none.
func (r *Recorder) Written(load string) []Written {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.accounts[load]
	if one == nil {
		return nil
	}
	out := slices.Clone(one.written)
	slices.SortFunc(out, func(a, b Written) int { return cmp.Compare(a.Seq, b.Seq) })
	return out
}

// Written is one write: one line of writes.jsonl.
type Written struct {
	// Load that sent it.
	Load string `json:"load"`
	// Request as its load spells it.
	Request string `json:"request"`
	// Seq is its number among the load's requests, from 0.
	Seq uint64 `json:"seq"`
	// ID is what the read back looks for.
	ID string `json:"id"`
	// Key is what it is about.
	Key string `json:"key,omitempty"`
	// Phase that it was intended in; empty: none, the warm-up.
	Phase string `json:"phase,omitempty"`
	// SentS is when it was first sent, DoneS when the outcome of its last try was known. They count from the start of the first phase.
	SentS float64 `json:"sent_s" unit:"s"`
	// DoneS is when its outcome was known.
	DoneS float64 `json:"done_s" unit:"s"`
	// Outcome is acknowledged, refused or unknown.
	Outcome WriteOutcome `json:"outcome"`
	// Attempts is how often it was sent.
	Attempts int `json:"attempts"`
	// Status of its last answer; 0: there was none.
	Status int `json:"status,omitempty"`
	// Error is the class of its last failure.
	Error string `json:"error,omitempty"`
	// Copies is how often it was read back. Absent where that could not be done.
	Copies *int `json:"copies,omitempty"`
	// Lost: acknowledged, and not there.
	Lost bool `json:"lost,omitempty"`
	// Reordered: it stands behind a write of its key that was sent when this one had been acknowledged.
	Reordered bool `json:"reordered,omitempty"`
	// Read is what its user's look at it showed: shown, stale or unknown. Empty: its user did not look.
	Read string `json:"read,omitempty"`

	sent, done time.Duration `json:"-"`
}

// WriteCounts are the writes of a load, or of one phase of it.
type WriteCounts struct {
	// Intended writes that were sent, or could not be for the other side's fault.
	Intended int64 `json:"intended" unit:"writes"`
	// Acknowledged: their users were told that they are done.
	Acknowledged int64 `json:"acknowledged" unit:"writes"`
	// Refused: never sent, or answered with what says that they are wrong.
	Refused int64 `json:"refused" unit:"writes"`
	// Unknown: sent, and their users can't know. They are no losses and no mistakes, there or not.
	Unknown int64 `json:"unknown" unit:"writes"`
	// Attempts of them all.
	Attempts int64 `json:"attempts" unit:"writes"`
	// Lost: acknowledged, and not there. Absent, as all that follow, where they could not be read back.
	Lost *int64 `json:"lost,omitempty" unit:"writes"`
	// Duplicated are surplus copies of a write, acknowledged or not.
	Duplicated *int64 `json:"duplicated,omitempty" unit:"writes"`
	// Reordered stand behind a write of their key that was sent when they had been acknowledged. Absent where a read back has no order.
	Reordered *int64 `json:"reordered,omitempty" unit:"writes"`
	// UnknownThere are the unknown that are there.
	UnknownThere *int64 `json:"unknown_there,omitempty" unit:"writes"`
	// RefusedThere are the refused that are there all the same.
	RefusedThere *int64 `json:"refused_there,omitempty" unit:"writes"`
	// Reads are the looks at acknowledged writes by who wrote them that showed anything. Absent where nobody looks.
	Reads *int64 `json:"reads,omitempty" unit:"requests"`
	// StaleReads are those of them that did not show the write.
	StaleReads *int64 `json:"stale_reads,omitempty" unit:"requests"`
}

// LoadWrites is the account of one load's writes.
type LoadWrites struct {
	// Load that wrote.
	Load string `json:"load"`
	// ReadBack says how they were read back.
	ReadBack string `json:"read_back"`
	// Checked tells that they could be.
	Checked bool `json:"checked"`
	// Why they could not.
	Why string `json:"why,omitempty"`
	// Counts are of all its writes, the warm-up's included.
	Counts WriteCounts `json:"counts"`
	// Unexpected are ids that were read back and that this load never wrote.
	Unexpected *int64 `json:"unexpected,omitempty" unit:"ids"`
	// Phases have the same figures of the writes intended in each, in order; the warm-up's are in none of them.
	Phases []PhaseWrites `json:"phases"`
	// LostIDs name a few that were lost; writes.jsonl has them all.
	LostIDs []string `json:"lost_ids,omitempty"`
}

// PhaseWrites are the writes of a load in one phase.
type PhaseWrites struct {
	// Phase's name.
	Phase string `json:"phase"`
	// Counts are of the writes that were intended in it.
	Counts WriteCounts `json:"counts"`
}

// Counted is one figure of an account, in words.
type Counted struct {
	N    int64
	What string
}

// Told are the figures of an account that a reader wants to see: what was known, what was lost, and all else that is not nothing.
func (c WriteCounts) Told() []Counted {
	out := []Counted{{c.Acknowledged, "acknowledged"}}
	add := func(n *int64, what string, always bool) {
		if n != nil && (always || *n > 0) {
			out = append(out, Counted{*n, what})
		}
	}
	add(c.Lost, "lost", true)
	add(c.Duplicated, "duplicated", true)
	add(c.Reordered, "reordered", true)
	add(c.StaleReads, "stale reads after acknowledgement", true)
	add(&c.Unknown, "with an unknown outcome", false)
	add(c.UnknownThere, "of those there", false)
	add(&c.Refused, "refused", false)
	add(c.RefusedThere, "of those there all the same", false)
	again := c.Attempts - c.Intended
	add(&again, "tried again", false)
	return out
}

// Found is what a read back showed.
type Found struct {
	// IDs in the order in which they were read, as often as each is there.
	IDs []string
	// Ordered tells that this is the order in which they were written.
	Ordered bool
}

// Account compares the writes of one load with what was read back, marks each, and counts them, as a whole and for each phase.
// nil: it could not be read back, and what only that can tell stays absent.
func Account(load string, written []Written, phases []string, found *Found) LoadWrites {
	out := LoadWrites{Load: load, Checked: found != nil, Phases: make([]PhaseWrites, len(phases))}
	if found != nil {
		mark(written, found)
		out.Unexpected = unexpected(written, found)
	}
	looks := false
	for i := range written {
		looks = looks || written[i].Read != ""
	}
	out.Counts.begin(found, looks)
	of := map[string]*WriteCounts{}
	for i, name := range phases {
		out.Phases[i].Phase = name
		out.Phases[i].Counts.begin(found, looks)
		of[name] = &out.Phases[i].Counts
	}
	for i := range written {
		w := &written[i]
		out.Counts.count(w)
		if phase := of[w.Phase]; phase != nil {
			phase.count(w)
		}
		if w.Lost && len(out.LostIDs) < lostSample {
			out.LostIDs = append(out.LostIDs, w.ID)
		}
	}
	return out
}

// mark says of each write how often it is there, and whether it is lost or out of its order.
func mark(written []Written, found *Found) {
	copies := make(map[string]int, len(found.IDs))
	for _, id := range found.IDs {
		copies[id]++
	}
	byID := make(map[string]*Written, len(written))
	for i := range written {
		w := &written[i]
		n := copies[w.ID]
		w.Copies, w.Lost = &n, n == 0 && w.Outcome == Acknowledged
		byID[w.ID] = w
	}
	if !found.Ordered {
		return
	}
	// The latest that a write was sent among those of its key that stand before.
	latest := map[string]time.Duration{}
	for _, id := range found.IDs {
		w := byID[id]
		if w == nil || w.Key == "" {
			continue
		}
		delete(byID, id) // its first copy counts
		sent, any := latest[w.Key]
		w.Reordered = any && w.Outcome == Acknowledged && sent > w.done
		if !any || w.sent > sent {
			latest[w.Key] = w.sent
		}
	}
}

func unexpected(written []Written, found *Found) *int64 {
	ours := make(map[string]struct{}, len(written))
	for i := range written {
		ours[written[i].ID] = struct{}{}
	}
	n := int64(0)
	for _, id := range found.IDs {
		if _, is := ours[id]; !is {
			n++
		}
	}
	return &n
}

// begin makes what is known 0; what is not stays absent.
func (c *WriteCounts) begin(found *Found, looks bool) {
	if found != nil {
		c.Lost, c.Duplicated, c.UnknownThere, c.RefusedThere = new(int64), new(int64), new(int64), new(int64)
		if found.Ordered {
			c.Reordered = new(int64)
		}
	}
	if looks {
		c.Reads, c.StaleReads = new(int64), new(int64)
	}
}

// count adds a write that was marked.
func (c *WriteCounts) count(w *Written) {
	c.Intended++
	c.Attempts += int64(w.Attempts)
	there := w.Copies != nil && *w.Copies > 0
	switch w.Outcome {
	case Acknowledged:
		c.Acknowledged++
	case Refused:
		c.Refused++
		more(c.RefusedThere, there)
	case Unknown:
		c.Unknown++
		more(c.UnknownThere, there)
	}
	more(c.Lost, w.Lost)
	more(c.Reordered, w.Reordered)
	if there {
		*c.Duplicated += int64(*w.Copies - 1)
	}
	more(c.Reads, w.Read == ReadShown || w.Read == ReadStale)
	more(c.StaleReads, w.Read == ReadStale)
}

func more(n *int64, is bool) {
	if n != nil && is {
		*n++
	}
}

// Declare adds the account of a load with a read back to what is known of all writes.
func (w *Writes) Declare(one LoadWrites) {
	w.Loads = append(w.Loads, one)
	w.Acknowledged += one.Counts.Acknowledged
	w.Unknown += one.Counts.Unknown
	if w.InPhases == nil {
		w.InPhases = new(int64)
	}
	for _, p := range one.Phases {
		*w.InPhases += p.Counts.Acknowledged
	}
	if !one.Checked {
		w.Checked = false
		w.Why = joined(w.Why, fmt.Sprintf("the writes of load %q: %s", one.Load, one.Why))
		return
	}
	w.Lost += *one.Counts.Lost
	w.Duplicated += *one.Counts.Duplicated
	if one.Counts.Reordered != nil {
		if w.Reordered == nil {
			w.Reordered = new(int64)
		}
		*w.Reordered += *one.Counts.Reordered
	}
	for _, id := range one.LostIDs {
		if len(w.Sample) < lostSample {
			w.Sample = append(w.Sample, one.Load+"/"+id)
		}
	}
}

func joined(first, second string) string {
	if first == "" {
		return second
	}
	return first + "; " + second
}
