package remote

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/squallhq/squall/internal/clocks"
	"github.com/squallhq/squall/runner/load/frame"
)

// exchanges are how many questions are asked to see what time a generator has: the one of least delay says it best.
const exchanges = 8

// sight is what was seen of a generator's clock: how far it is ahead of the conductor's, and how far that may be off.
type sight struct {
	offset, uncertain time.Duration
	seen              bool
}

// see keeps the best.
func (s *sight) see(o sight) {
	if !s.seen || o.uncertain < s.uncertain {
		*s = o
	}
}

// astray is by how much a clock has gone astray for certain from one sight to another.
func (s sight) astray(o sight) time.Duration {
	return max((o.offset-s.offset).Abs()-s.uncertain-o.uncertain, 0)
}

// times are the questions to one generator what time it is.
type times struct {
	mu     sync.Mutex
	number int64
	asked  map[int64]question
	all    []sight // of the drive under way
}

type question struct {
	at     int64
	answer chan sight
}

func newTimes() times { return times{asked: map[int64]question{}} }

// take takes an answer that came at a time.
func (t *times) take(a frame.Answer, came int64) {
	t.mu.Lock()
	q, known := t.asked[a.Number]
	delete(t.asked, a.Number)
	t.mu.Unlock()
	if !known {
		return
	}
	offset, uncertain := clocks.Between(time.Duration(a.Came-q.at), time.Duration(a.Answered-came))
	q.answer <- sight{offset, uncertain, true}
}

// question asks once. The answer comes to the channel, if it ever does.
func (m *member) question() (<-chan sight, error) {
	q := question{answer: make(chan sight, 1)}
	m.times.mu.Lock()
	m.number++
	number := m.number
	m.times.mu.Unlock()
	made := func() (frame.Kind, []byte) {
		payload := frame.Encode(frame.Question{Number: number})
		m.times.mu.Lock()
		defer m.times.mu.Unlock()
		q.at = m.fleet.clock.Now() // as late as can be: it waits for nothing any more
		m.asked[number] = q
		return frame.Ping, payload
	}
	if m.inside != nil {
		return q.answer, m.send(made())
	}
	m.out.put(made)
	return q.answer, nil
}

var errNoTime = errors.New("it does not say what time it has")

// ask asks several times, and has the best in into.
func (m *member) ask(ctx context.Context, n int, into *sight) error {
	for range n {
		answer, err := m.question()
		if err != nil {
			return m.ended(err)
		}
		late := time.NewTimer(pongWithin)
		select {
		case s := <-answer:
			into.see(s)
		case <-late.C:
		case <-m.gone:
			late.Stop()
			return m.why
		case <-ctx.Done():
			late.Stop()
			return context.Cause(ctx)
		}
		late.Stop()
	}
	if !into.seen {
		return errNoTime
	}
	return nil
}

// follow asks once while a drive goes on, and keeps the answer with the others.
func (m *member) follow() {
	answer, err := m.question()
	if err != nil {
		return // the reader will tell
	}
	m.listens.Go(func() {
		late := time.NewTimer(pongWithin)
		defer late.Stop()
		select {
		case s := <-answer:
			m.times.mu.Lock()
			m.all = append(m.all, s)
			m.times.mu.Unlock()
		case <-late.C:
		case <-m.gone:
		}
	})
}

// uncertainty is how far the times of a drive may be off that began by what was seen before it: by what was uncertain then, and by how far the clock
// was away from that at the end, or for certain in between. drift is nil where it was not seen at the end.
func (m *member) uncertainty() (uncertain time.Duration, drift *time.Duration) {
	uncertain = m.before.uncertain
	if m.after.seen {
		changed := m.after.offset - m.before.offset
		drift = &changed
		uncertain = max(uncertain, changed.Abs()+m.after.uncertain)
	}
	m.times.mu.Lock()
	defer m.times.mu.Unlock()
	for _, s := range m.all {
		uncertain = max(uncertain, m.before.astray(s))
	}
	return uncertain, drift
}
