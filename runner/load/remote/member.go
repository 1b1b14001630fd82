package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/worker"
)

// member is one generator, as the conductor has it.
type member struct {
	fleet *fleet
	index int
	name  string

	link    Link           // nil: it is inside
	inside  *worker.Worker // nil: it is not
	listens sync.WaitGroup
	// send sends a frame; over a link that is done beside, so that one which does not read holds nobody up.
	send func(frame.Kind, []byte) error
	out  outbox

	settled chan error // what came of the order
	gone    chan struct{}
	once    sync.Once
	why     error // once gone is closed

	times
	before, after sight

	mu sync.Mutex // guards what follows
	// part is the drive under way; nil: none is.
	part *part
	// heard is when a frame came last, silent the longest between two in this drive.
	heard  time.Time
	silent time.Duration
}

func newMember(f *fleet, index int) *member {
	m := &member{
		fleet: f, index: index, name: fmt.Sprintf("generator-%d", index+1),
		settled: make(chan error, 1), gone: make(chan struct{}), times: newTimes(),
	}
	m.out.wake = make(chan struct{}, 1)
	m.send = func(kind frame.Kind, payload []byte) error {
		m.out.put(func() (frame.Kind, []byte) { return kind, payload })
		return nil
	}
	return m
}

// outbox are frames that wait to be written, each made when it is.
type outbox struct {
	mu   sync.Mutex
	wait []func() (frame.Kind, []byte)
	wake chan struct{}
}

func (o *outbox) put(f func() (frame.Kind, []byte)) {
	o.mu.Lock()
	o.wait = append(o.wait, f)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// write writes what waits until the connection ends.
func (m *member) write() {
	for {
		select {
		case <-m.out.wake:
		case <-m.gone:
			return
		}
		m.out.mu.Lock()
		all := m.out.wait
		m.out.wait = nil
		m.out.mu.Unlock()
		for _, f := range all {
			kind, payload := f()
			if err := frame.Write(m.link, kind, payload); err != nil {
				m.lose(m.ended(err))
				return
			}
		}
	}
}

// named says of an error whose it is.
func (m *member) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", m.name, err)
}

// shard is its part of an order.
func (m *member) shard(o order.Order) order.Order {
	o.Shard = order.Shard{Of: m.fleet.o.Generators, Index: m.index}
	return o
}

// order has it take an order, and waits for that.
func (m *member) order(ctx context.Context, o order.Order) error {
	payload, err := order.Encode(m.shard(o))
	if err != nil {
		return err
	}
	if err := m.send(frame.Order, payload); err != nil {
		return m.ended(err)
	}
	late := time.NewTimer(orderWithin)
	defer late.Stop()
	select {
	case err := <-m.settled:
		return err
	case <-m.gone:
		return m.why
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-late.C:
		return fmt.Errorf("it has not taken its order within %s", orderWithin)
	}
}

// listen hears it until its connection ends.
func (m *member) listen(in *bufio.Reader) {
	for {
		kind, payload, err := frame.Read(in)
		if err == nil {
			err = m.handle(kind, payload)
		}
		if err != nil {
			m.lose(m.ended(err))
			return
		}
	}
}

// handle takes in one frame.
func (m *member) handle(kind frame.Kind, payload []byte) error {
	now := time.Now()
	m.mu.Lock()
	if !m.heard.IsZero() {
		m.silent = max(m.silent, now.Sub(m.heard))
	}
	m.heard = now
	p := m.part
	m.mu.Unlock()
	switch kind {
	case frame.Pong:
		var a frame.Answer
		if err := frame.Decode(payload, &a); err != nil {
			return err
		}
		m.times.take(a, m.fleet.clock.Of(now))
	case frame.Ready:
		m.settle(nil)
	case frame.Refused:
		var why frame.Why
		if err := frame.Decode(payload, &why); err != nil {
			return err
		}
		m.settle(errors.New(why.Error))
	case frame.Events:
		if p != nil {
			return p.take(payload)
		}
	case frame.LookedUp:
		var name frame.Name
		if err := frame.Decode(payload, &name); err != nil {
			return err
		}
		if p != nil && p.x.LookedUp != nil {
			p.x.LookedUp(name.Edge)
		}
	case frame.Ended:
		var end frame.End
		if err := frame.Decode(payload, &end); err != nil {
			return err
		}
		if p != nil {
			p.end(end)
		}
	default:
		return fmt.Errorf("a frame of kind %d is none that a generator sends", kind)
	}
	return nil
}

func (m *member) settle(err error) {
	select {
	case m.settled <- err:
	default: // nobody asked
	}
}

// ended is how its connection ended, in words: how it has itself, where that is known.
func (m *member) ended(err error) error {
	if m.link == nil {
		return err
	}
	said := m.link.Why()
	switch {
	case said != "":
		return errors.New(said)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "broken pipe"):
		return errors.New("its connection has ended")
	}
	return err
}

// lose takes it for lost, whatever it still does.
func (m *member) lose(why error) {
	m.once.Do(func() {
		m.why = why
		close(m.gone)
		if m.link != nil {
			m.listens.Go(func() { _ = m.link.Close() }) // so that it sends no more
		}
	})
}

// isGone tells that it is lost, or was closed.
func (m *member) isGone() bool {
	select {
	case <-m.gone:
		return true
	default:
		return false
	}
}

// close ends it and waits for that.
func (m *member) close() (err error) {
	if m.inside != nil {
		m.inside.Close()
	}
	if m.link != nil {
		m.once.Do(func() {
			m.why = errClosed
			close(m.gone)
		})
		err = m.link.Close()
		m.listens.Wait()
	}
	return err
}

var errClosed = errors.New("it was ended")
