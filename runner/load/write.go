package load

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/load/direct"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// writing is what a write that is accounted for needs besides its template.
type writing struct {
	id, key        text
	idempotencyKey bool
	retries        int
	backoff        time.Duration
	// look is the kind of request that its user looks at it with; -1: none. after is how long after the acknowledgement, and shows what
	// the answer has in its body then; nil: nothing in particular.
	look  int
	after time.Duration
	shows text
}

// origin is the write that a look is about.
type origin struct {
	seq, nth uint64
	kind     int
}

func newWriting(p *parser, w *scenarios.Write) (*writing, error) {
	out := &writing{
		retries: w.Retries, backoff: cmp.Or(w.Backoff, scenarios.DefaultWriteBackoff), look: -1,
		idempotencyKey: w.IdempotencyKey != "none",
	}
	for k := range p.load.Headers {
		out.idempotencyKey = out.idempotencyKey && http.CanonicalHeaderKey(k) != wire.HeaderIdempotency
	}
	var err error
	if out.id, err = p.text(cmp.Or(w.ID, scenarios.DefaultWriteID), asIs); err != nil {
		return nil, err
	}
	out.key, err = p.text(w.Key, asIs)
	return out, err
}

// addLooks adds a kind of request, which is never drawn, for each write that its user looks at.
func (m *mix) addLooks(l *scenarios.Load, requests []scenarios.Request) error {
	for i := range requests {
		r := &requests[i]
		if r.Write == nil || r.Write.Read == nil {
			continue
		}
		own := &m.kinds[i]
		// The write's parameters keep their places, and what each visit carries is there.
		p := &parser{load: l, write: true, params: slices.Clone(own.drawn), names: slices.Clone(own.names), carried: carriedBy(requests)}
		shows, err := p.text(r.Write.Read.Contains, asIs)
		if err != nil {
			return fmt.Errorf("request %q: read: %w", r.Send, err)
		}
		t, err := newTemplate(p, scenarios.Request{Send: r.Write.Read.Send, Priority: r.Priority, Headers: r.Headers, Params: r.Params})
		if err != nil || len(t.params) > len(own.params) {
			return fmt.Errorf("request %q: read %q has parameters that the write has not: %w", r.Send, r.Write.Read.Send, err)
		}
		own.write.look, own.write.after = len(m.kinds), r.Write.Read.After
		if r.Write.Read.Contains != "" {
			own.write.shows = shows
		}
		m.kinds = append(m.kinds, t)
	}
	return nil
}

// carriedBy are the names of all that visits extract.
func carriedBy(requests []scenarios.Request) (names []string) {
	for i := range requests {
		names = slices.AppendSeq(names, maps.Keys(requests[i].Extract))
	}
	return names
}

// writing is what is written by a request, or by the write that it looks at; nil: nothing that is accounted for.
func (m *mix) writing(r request) *writing {
	if r.of != nil {
		return m.kinds[r.of.kind].write
	}
	return m.kinds[r.kind].write
}

// name puts the id of the write into its places.
func (v *values) name(names []named, id string) {
	for i := range names {
		if names[i].write {
			v.texts[i] = id
		}
	}
}

// about are the values of a request outside of its rendering.
func (m *mix) about(r request) values {
	c := m.chance(r.seq)
	c.float64()
	return m.values(&m.kinds[r.kind], r, &c)
}

// drawID is what {write} stands for: a random UUID, drawn for the load's request of this number.
func (m *mix) drawID(seq uint64) string {
	var b [16]byte
	high, low := chance.Numbered(m.writes, chance.Hash(m.load), seq)
	binary.BigEndian.PutUint64(b[:8], chance.Finish(high))
	binary.BigEndian.PutUint64(b[8:], chance.Finish(low))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // a random one, as RFC 9562 has it
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// firstLook is the number of the look at a load's request 0. Looks have numbers of their own: when they come depends on when answers
// do, and what the load sends next must not.
const firstLook = 1 << 40

// lookAt is a look at a write.
func (m *mix) lookAt(intended time.Duration, of request) request {
	return request{
		seq: firstLook + of.seq, nth: of.nth, turn: of.turn, kind: m.kinds[of.kind].write.look, intended: intended, visit: of.visit,
		of: &origin{of.seq, of.nth, of.kind},
	}
}

// sender is the number of the request whose user sends a request.
func (r request) sender() uint64 {
	if r.of != nil {
		return r.of.seq
	}
	return r.seq
}

// wantsBody tells a look whose answer's body tells whether it shows the write.
func (m *mix) wantsBody(r request) bool { return r.of != nil && m.kinds[r.of.kind].write.shows != nil }

// tries are what became of the attempts at a request.
type tries struct {
	n int
	// maybe tells that one of those before the last was sent, and that it may have been done.
	maybe bool
}

// attempt sends a request, and a write that says so again, under the same id, while its user waits.
func (c *class) attempt(ctx context.Context, r request, deadline time.Time) (a answer, t tries, err error) {
	w := c.mix.kinds[r.kind].write
	for {
		t.n++
		a, err = c.follow(ctx, r, deadline)
		if w == nil || t.n > w.retries || ctx.Err() != nil || !again(a, err) {
			return a, t, err
		}
		next := time.Now().Add(w.backoff)
		if !next.Before(deadline) || c.waitOnce(ctx, next) != nil {
			return a, t, err
		}
		t.maybe = t.maybe || outcome(a, err) == record.Unknown
	}
}

// again tells whether a write is to be tried again: it has failed, and not for what it is.
func again(a answer, err error) bool {
	if a.refusal != nil {
		return a.refusal.again
	}
	return err != nil || a.status >= 500 || a.status == http.StatusRequestTimeout || a.status == http.StatusTooManyRequests
}

// outcome is what the user of a write knows after one attempt at it.
func outcome(a answer, err error) record.WriteOutcome {
	var dial dialError
	var notAsked *direct.NotAsked
	switch {
	case errors.As(err, &dial), errors.As(err, &notAsked):
		return record.Refused // nothing was sent
	case err == nil && a.refusal != nil:
		if a.refusal.notDone {
			return record.Refused
		}
		return record.Unknown
	case err == nil && a.status < 400 && !a.astray:
		return record.Acknowledged
	case err == nil && a.status < 500 && a.status != http.StatusRequestTimeout:
		return record.Refused
	}
	return record.Unknown
}

// account is what a sample says of a write, or of a look at one; nil: it is neither.
func (c *class) account(r request, s record.Sample, a answer, t tries, err error) *record.SampleWrite {
	w := c.mix.writing(r)
	if w == nil {
		return nil
	}
	v := c.mix.about(r)
	out := &record.SampleWrite{ID: v.id, Key: string(w.key.append(nil, &v)), Attempts: t.n}
	if r.of != nil {
		out.Read = record.ReadUnknown
		switch {
		case err != nil || s.Outcome == record.Failed && a.status != http.StatusNotFound && a.status != http.StatusGone:
		case s.Outcome == record.Failed || a.stale || w.shows != nil && !bytes.Contains(a.body, w.shows.append(nil, &v)):
			out.Read = record.ReadStale
		default:
			out.Read = record.ReadShown
		}
		return out
	}
	out.Outcome = outcome(a, err)
	if out.Outcome == record.Refused && t.maybe || out.Outcome == record.Acknowledged && s.Outcome == record.Failed {
		out.Outcome = record.Unknown
	}
	return out
}

// look has the user of an acknowledged write look at it, if the scenario says so, and says when that was over.
func (c *class) look(ctx context.Context, of request, done time.Duration, user *memory) time.Duration {
	w := c.mix.kinds[of.kind].write
	at := done + w.after
	if w.look < 0 || at >= c.until() {
		return done
	}
	if w.after > 0 && c.waitOnce(ctx, c.order.Zero.Add(at)) != nil {
		return done
	}
	r := c.mix.lookAt(at, of)
	if !c.admit() {
		c.unsent(r, record.ErrUnsent)
		return done
	}
	return c.send(ctx, r, user).Done
}
