package host

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/wire"
)

// The bounds of what an instance remembers of its requests: so many spans at most, for so long at least where there is room, and so
// many told of one trace.
const (
	mostSpans       = 16384
	spansKept       = 15 * time.Second
	mostSpansTold   = 64
	mostWordsOfSpan = 120
	// spansAtATime is what the slab grows by.
	spansAtATime = 512
)

// spans are what an instance did lately: a slab of records, in which those that have ended make room for new ones, the one that
// ended first before the others. One that has not ended stays. It is as large as its instance is busy.
type spans struct {
	mu     sync.Mutex
	slab   [][]span // by slot, in pieces; the first slot is nobody's
	slots  uint32   // that there are
	oldest uint32   // of those that have ended, in a list; 0: none has
	newest uint32
	// since is the end of the last one that was forgotten, or when the instance began.
	since   int64
	dropped int64
}

// span is one record.
type span struct {
	trace, id, parent     uint64
	began, started, ended int64 // ns since 1970
	method, what          string
	err                   error // in words when somebody asks
	next                  uint32
	status, number        uint16
	class                 SpanClass
	attempt, hedge        bool
}

// SpanClass is how a span ended.
type SpanClass uint8

// The classes, as wire has them in words.
const (
	SpanOK SpanClass = iota
	SpanFailed
	SpanDeclined
	SpanGaveUp
	SpanRefused
	SpanPartial
)

var spanClasses = [...]string{wire.SpanOK, wire.SpanFailed, wire.SpanDeclined, wire.SpanGaveUp, wire.SpanRefused, wire.SpanPartial}

// within is where in which trace something is done.
type within struct {
	wire.Traceparent // Span is the innermost span
	slot             uint32
}

func newSpans() *spans { return &spans{slots: 1, since: time.Now().UnixNano()} }

// at is the record in a slot.
func (s *spans) at(slot uint32) *span { return &s.slab[slot/spansAtATime][slot%spansAtATime] }

// begin takes a record up; 0: there is no room.
func (s *spans) begin(one span) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := s.oldest
	full := s.slots > mostSpans
	switch {
	case slot != 0 && (full || one.began-s.at(slot).ended > int64(spansKept)):
		old := s.at(slot)
		s.since = max(s.since, old.ended)
		if s.oldest = old.next; s.oldest == 0 {
			s.newest = 0
		}
		*old = one
		return slot
	case full:
		s.dropped++
		return 0
	}
	slot = s.slots
	if int(slot/spansAtATime) == len(s.slab) {
		s.slab = append(s.slab, make([]span, spansAtATime))
	}
	s.slots++
	*s.at(slot) = one
	return slot
}

// end is the end of a record, unless it had one.
func (s *spans) end(slot uint32, id uint64, at time.Time, how SpanClass, status int, err error) {
	if slot == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.at(slot)
	if one.id != id || one.ended != 0 {
		return
	}
	one.ended, one.class, one.status, one.err, one.next = max(at.UnixNano(), one.began), how, uint16(status), err, 0 //nolint:gosec // three digits
	if s.oldest == 0 {
		s.oldest = slot
	} else {
		s.at(s.newest).next = slot
	}
	s.newest = slot
}

// start says when a record's waiting was over; 0: it never was.
func (s *spans) start(slot uint32, id uint64, at int64) {
	if slot == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.at(slot); one.id == id && one.ended == 0 {
		one.started = at
	}
}

// Spans is what the instance knows of some traces, each named by the first half of its id.
func (i *Instance) Spans(of []uint64) wire.Spans {
	wanted := make(map[uint64]int, len(of))
	for _, trace := range of {
		wanted[trace] = 0
	}
	s := i.spans
	s.mu.Lock()
	defer s.mu.Unlock()
	out := wire.Spans{Since: s.since, Dropped: s.dropped, Spans: []wire.Span{}}
	for slot := uint32(1); slot < s.slots; slot++ {
		one := s.at(slot)
		told, is := wanted[one.trace]
		if !is || told == mostSpansTold {
			continue
		}
		wanted[one.trace]++
		out.Spans = append(out.Spans, one.told())
	}
	return out
}

func (one *span) told() wire.Span {
	out := wire.Span{
		Trace: one.trace, ID: one.id, Parent: one.parent, Kind: wire.SpanServer,
		Began: one.began, Started: one.started, Ended: one.ended, Status: int(one.status), Number: int(one.number), Hedge: one.hedge,
	}
	if one.attempt {
		out.Kind, out.To = wire.SpanAttempt, one.what
	} else {
		out.What = brief(strings.TrimSpace(one.method + " " + one.what))
	}
	if one.ended != 0 {
		out.Class = spanClasses[one.class]
	}
	if one.err != nil {
		out.Why = brief(one.err.Error())
	}
	return out
}

// brief cuts a text that is long.
func brief(s string) string {
	if len(s) <= mostWordsOfSpan {
		return s
	}
	return strings.ToValidUTF8(s[:mostWordsOfSpan], "") + "…"
}

// traced gives a cause its trace, which its request has.
func (i *Instance) traced(c Trace) Trace {
	if c.at.High == 0 {
		c.at.High, c.at.Low = chance.Trace(i.Config.Seed, c.Request)
	}
	return c
}

// receive is the begin of a request, whose steps its span leads to.
func (i *Instance) receive(c Trace, method, what string, began time.Time) Trace {
	c = i.traced(c)
	parent := c.at.Span
	c.at.Span = chance.Fold(c.at.High^chance.Scramble(parent^c.draw), i.Config.Instance) | 1
	at := began.UnixNano()
	c.at.slot = i.spans.begin(span{
		trace: c.at.High, id: c.at.Span, parent: parent, began: at, started: at, method: method, what: what,
	})
	return c
}

// NeverStarts says that a request waited in vain for leave to be worked on.
func (i *Instance) NeverStarts(c Trace) { i.spans.start(c.at.slot, c.at.Span, 0) }

// Starts says that what c is the cause of, a request or an attempt, no longer waits: it has its worker, or its connection.
func (i *Instance) Starts(c Trace) { i.spans.start(c.at.slot, c.at.Span, time.Now().UnixNano()) }

// Ends is the end of what c is the cause of; status is 0 where there is none.
func (i *Instance) Ends(c Trace, how SpanClass, status int, err error) {
	i.spans.end(c.at.slot, c.at.Span, time.Now(), how, status, err)
}

// Attempts is the begin of the nth attempt of a call, at an instance, which began to wait for leave and for a connection.
func (i *Instance) Attempts(c Trace, to string, n int, waits time.Time) Trace {
	c = i.traced(c)
	parent := c.at.Span
	c.at.Span = spanTo(c.at.High, c.draw, to)
	c.at.slot = i.spans.begin(span{
		trace: c.at.High, id: c.at.Span, parent: parent, began: waits.UnixNano(), what: to, attempt: true, hedge: c.hedge, number: uint16(min(n, 1<<15)), //nolint:gosec // bounded
	})
	return c
}

// spanTo is the span of an attempt. A database works it out too, from the cause that a statement names.
func spanTo(trace, draw uint64, to string) uint64 {
	return chance.Fold(trace^chance.Scramble(draw), to) | 1
}

// Statement is the cause of a statement that names it in a text, as Text makes it; what says what it does.
func (i *Instance) Statement(why, what string) Trace {
	c := Trace{Request: why} // chance is drawn from the text as it stands
	request, text, _ := strings.Cut(why, ":")
	draw, _ := strconv.ParseUint(text, 16, 64) // a stranger's text has no parent that anybody finds
	c.at.High, c.at.Low = chance.Trace(i.Config.Seed, request)
	c.at.Span = spanTo(c.at.High, draw, i.Config.Instance)
	return i.receive(c, what, "", time.Now())
}

// pathOf is a request's path, which keeps nothing alive that is long.
func pathOf(r *http.Request) string {
	if len(r.RequestURI) > mostWordsOfSpan {
		return strings.Clone(brief(r.URL.Path))
	}
	return r.URL.Path
}

// answered is the end of a request, as it was answered.
func (i *Instance) answered(c Trace, w *StatusWriter, client context.Context, at time.Time) {
	how, status := SpanOK, w.Status
	switch {
	case status == 0 && client.Err() != nil || status == statusAbandoned:
		how = SpanGaveUp
	case status >= http.StatusInternalServerError || status == http.StatusTooManyRequests:
		how = SpanFailed
	case status >= http.StatusBadRequest:
		how = SpanDeclined
	case w.Header().Get(wire.HeaderDegraded) != "":
		how = SpanPartial
	}
	if status == 0 && how == SpanOK {
		status = http.StatusOK
	}
	i.spans.end(c.at.slot, c.at.Span, at, how, status, nil)
}

// statusAbandoned is the status of what nobody waits for any more.
const statusAbandoned = 499
