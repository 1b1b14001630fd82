package link

import (
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/squallhq/squall/faults"
)

// foreign runs one of toxiproxy's own toxics: limit_data and slow_close. The toxic has its own
// goroutine, as toxiproxy gives it one; a second one feeds it and takes whatever it puts out at
// once, so that it is never caught in a send and can always be interrupted.
type foreign struct {
	met
	stub *toxics.ToxicStub
	wake func() // takes no lock
	// atEnd: it lets data pass as it is, only an end meets it.
	atEnd bool

	mu   sync.Mutex
	in   fifo
	out  fifo
	feed chan struct{} // in has more
	// inside is how many bytes the toxic has taken and not put out, held the end that it was given.
	inside int
	held   *piece
	last   piece // the last one fed: what comes out belongs to its request
	closed bool  // the toxic has ended the stream

	stop    chan struct{}
	stopped sync.WaitGroup
}

func newForeign(m met, theirs toxics.Toxic, d *direction, old stage) *foreign {
	in, out := make(chan *stream.StreamChunk), make(chan *stream.StreamChunk)
	s := &foreign{
		met: m, stub: toxics.NewToxicStub(in, out), wake: d.signal,
		feed: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	_, s.atEnd = theirs.(*toxics.SlowCloseToxic)
	if stateful, ok := theirs.(toxics.StatefulToxic); ok {
		s.stub.State = stateful.NewState()
		if before, ok := old.(*foreign); ok {
			s.stub.State = before.stub.State
		}
	}
	wrapper := &toxics.ToxicWrapper{Toxic: theirs, Toxicity: 1} // our own dice have fallen
	s.stopped.Add(2)
	go func() { defer s.stopped.Done(); s.stub.Run(wrapper) }()
	go func() { defer s.stopped.Done(); s.pump(in, out) }()
	return s
}

// pump feeds the toxic and empties it until it is stopped or the toxic has closed its output.
func (s *foreign) pump(in chan<- *stream.StreamChunk, out <-chan *stream.StreamChunk) {
	var next *stream.StreamChunk
	var feeding chan<- *stream.StreamChunk // nil while there is nothing to feed
	stop := (<-chan struct{})(s.stop)
	for {
		if feeding == nil && stop != nil {
			if chunk, ok := s.head(); ok {
				next, feeding = chunk, in
			}
		}
		select {
		case feeding <- next:
			s.fed()
			feeding = nil
		case chunk, open := <-out:
			s.came(chunk, open)
			if !open {
				return
			}
			s.wake()
		case <-s.feed:
		case <-stop:
			return
		}
	}
}

// head is what the toxic is to get next. A piece that its toxicity spares goes past it, as soon as
// nothing is inside that has to go before.
func (s *foreign) head() (*stream.StreamChunk, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.in.empty() && s.held == nil {
		p := s.in.pieces[0]
		if p.end == endReset || (!s.toxic.perConnection() && !s.spin(p.request)) {
			if s.inside > 0 {
				return nil, false
			}
			s.out.push(s.in.pop())
			s.wake()
			continue
		}
		if p.end != endNone {
			return nil, true // toxiproxy's end of stream
		}
		return &stream.StreamChunk{Data: p.data, Timestamp: p.at}, true
	}
	return nil, false
}

// fed notes that the toxic has taken the head.
func (s *foreign) fed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.in.pop()
	s.last = p
	if p.end != endNone {
		s.held = &p
		return
	}
	s.inside += len(p.data)
}

// came notes what the toxic has put out: data, or the end of the stream.
func (s *foreign) came(chunk *stream.StreamChunk, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if open {
		if len(chunk.Data) > 0 {
			s.inside -= len(chunk.Data)
			s.out.push(piece{data: chunk.Data, at: time.Now(), request: s.last.request})
		}
		return
	}
	s.closed = true
	p := piece{at: time.Now(), request: s.last.request, end: endClose}
	if s.held == nil { // it has cut the stream off, and with it what it had not let through
		s.lost(s.inside + s.in.bytes)
		s.in.takeAll()
	} else { // it let the end pass that it had been given
		p.end = s.held.end
		if s.atEnd {
			s.delayed(time.Since(s.held.at))
		}
	}
	s.out.push(p)
	s.wake()
}

func (s *foreign) put(p piece) {
	if p.end != endNone || !s.atEnd {
		s.hits(p)
	}
	s.mu.Lock()
	if s.closed {
		s.lost(len(p.data))
	} else {
		s.in.push(p)
	}
	s.mu.Unlock()
	select {
	case s.feed <- struct{}{}:
	default:
	}
}

func (s *foreign) lost(bytes int) {
	if s.toxic.Meter != nil {
		s.toxic.Meter.lost.Add(int64(bytes))
	}
}

func (s *foreign) take(time.Time) (piece, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out.empty() {
		return piece{}, false
	}
	p := s.out.pop()
	if p.end == endClose && s.toxic.Meter != nil {
		s.toxic.Meter.closed.Add(1)
		s.link.meet(s.toxic.Meter, s.link.underWay(), 0)
	}
	return p, true
}

func (s *foreign) due() time.Time { return time.Time{} }

func (s *foreign) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in.bytes+s.inside+s.out.bytes >= bottleneckBytes
}

// release interrupts the toxic, which takes microseconds because the pump takes whatever it is
// putting out, and gives back its output, the end that it was holding, and what it had not been fed.
func (s *foreign) release(now time.Time, why reason) []piece {
	s.stub.InterruptToxic() // false: it has closed its output, and ended
	close(s.stop)
	s.stopped.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.out.takeAll()
	if s.closed {
		return held
	}
	if s.held != nil {
		held = append(held, *s.held)
		if why == toxicGone && s.atEnd {
			s.cutShort(now.Sub(s.held.at))
		}
	}
	return append(held, s.in.takeAll()...)
}

// foreignToxic is toxiproxy's own toxic with these attributes.
func foreignToxic(attributes faults.Attributes) toxics.Toxic {
	switch a := attributes.(type) {
	case faults.LimitDataToxic:
		return &toxics.LimitDataToxic{Bytes: a.Bytes}
	case faults.SlowCloseToxic:
		return &toxics.SlowCloseToxic{Delay: max(1, int64((a.Delay.Duration()+time.Millisecond/2)/time.Millisecond))}
	default:
		return new(toxics.NoopToxic)
	}
}
