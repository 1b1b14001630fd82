// Package worker is a load generator that somebody else conducts, over a connection: it takes an order, drives it when it is told to, and tells
// what it sends and what comes of it while it goes on. It is the same in a child process, in a pod on another machine, and within the conductor's
// own process in virtual time.
package worker

import (
	"bufio"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/squallhq/squall/internal/scarce"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/instant"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/wire"
)

// Options of a Worker.
type Options struct {
	// Loader drives, in this process.
	Loader runner.Loader
	// Dial opens a connection over a client edge. nil: to the edge's address, by TCP.
	Dial func(ctx context.Context, edge order.Edge) (net.Conn, error)
	// Keep is the Drive.Keep of a drive that begins; nil: it has none.
	Keep func() instant.Keep
	// Squall is the program's version, Token what the conductor has to show; "": nothing.
	Squall, Token string
	// AtOnce tells of each event when it happens, as virtual time needs it, and not several together.
	AtOnce bool
	// Silence is how long a conductor may say nothing while a drive is under way, of which it asks the time once a second, until it counts as gone;
	// 0: for as long as its connection stands. It takes a connection whose reads have deadlines.
	Silence time.Duration
	// Clock is the machine's; nil: this one's.
	Clock *frame.Clock
	// Machine tells the CPU time that this process has used and how many files it may have open; nil: nobody knows.
	Machine func() (cpu time.Duration, descriptors int64)
}

// checker is a Loader that can say what in an order is wrong before it drives it.
type checker interface {
	Check(order.Order) error
}

// Worker carries out what the conductor's frames say.
type Worker struct {
	o    Options
	send func(frame.Kind, []byte) error

	order   order.Order
	edges   map[string]order.Edge
	notices order.Notices

	mu     sync.Mutex // guards what follows
	course *course.Course
	stop   context.CancelCauseFunc // of the drive that is under way; nil: none is
	lacked int64
	drives sync.WaitGroup
}

// New makes a worker that answers by send, which may be called by several at once.
func New(o Options, send func(frame.Kind, []byte) error) *Worker {
	if o.Clock == nil {
		o.Clock = frame.NewClock(0)
	}
	return &Worker{o: o, send: send}
}

// Serve is a worker at one end of a connection until the other end is gone, or ctx ends. Whoever calls closes the connection then, so that reading
// ends.
func Serve(ctx context.Context, c io.ReadWriter, o Options) error {
	s, err := greet(c, o)
	if err != nil {
		return err
	}
	return s.serve(ctx)
}

// session is a connection on which hello was said.
type session struct {
	o  Options
	c  io.ReadWriter
	in *bufio.Reader
}

// greet says hello, and sees who the other end is.
func greet(c io.ReadWriter, o Options) (*session, error) {
	in := bufio.NewReaderSize(c, 1<<16)
	ours := frame.Hello{Version: frame.Version, Squall: o.Squall}
	if err := frame.WriteHello(c, ours); err != nil {
		return nil, fmt.Errorf("say hello to the conductor: %w", err)
	}
	theirs, err := frame.ReadHello(in, ours)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(theirs.Token), []byte(o.Token)) != 1 {
		return nil, errors.New("who connected has not the run's token")
	}
	return &session{o, c, in}, nil
}

func (s *session) serve(ctx context.Context) error {
	var writing sync.Mutex
	w := New(s.o, func(k frame.Kind, payload []byte) error {
		writing.Lock()
		defer writing.Unlock()
		return frame.Write(s.c, k, payload)
	})
	stop := context.AfterFunc(ctx, func() { w.end(context.Cause(ctx)) })
	defer stop()
	for {
		err := s.await(w)
		var kind frame.Kind
		var payload []byte
		if err == nil {
			kind, payload, err = frame.Read(s.in)
		}
		if err == nil {
			err = w.Handle(kind, payload)
		}
		if err != nil {
			w.Close()
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("listen to the conductor: %w", err)
		}
	}
}

// await waits for the next word of the conductor, while a drive is under way for Silence at the most: one that has vanished without an end of its
// connection, with its network or stopped for good, is not sent for.
func (s *session) await(w *Worker) error {
	c, can := s.c.(net.Conn)
	if !can || s.o.Silence <= 0 {
		return nil
	}
	for {
		until := time.Time{}
		if w.driving() {
			until = time.Now().Add(s.o.Silence)
		}
		_ = c.SetReadDeadline(until) // where that fails reading does
		_, err := s.in.Peek(1)
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return c.SetReadDeadline(time.Time{}) // reading says what came
		case w.driving():
			_ = c.Close() // who does not read would hold the drive's last words up
			return fmt.Errorf("nothing was heard of it for %s", s.o.Silence)
		}
	}
}

// driving tells whether a drive is under way.
func (w *Worker) driving() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stop != nil
}

var (
	errGone = errors.New("the conductor has gone")
	errStop = errors.New("the conductor has ended the load")
)

// Handle carries out one frame. It does not wait for what it begins.
func (w *Worker) Handle(kind frame.Kind, payload []byte) error {
	switch kind {
	case frame.Ping:
		return w.answer(payload)
	case frame.Order:
		return w.take(payload)
	case frame.Begin:
		return w.begin(payload)
	case frame.Notices:
		var told frame.Told
		if err := frame.Decode(payload, &told); err != nil {
			return err
		}
		w.notices.Put(told.Edges)
	case frame.Way:
		var parts course.Parts
		if err := frame.Decode(payload, &parts); err != nil {
			return err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.course != nil {
			w.course.Take(parts.Way())
		}
	case frame.Over:
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.course != nil {
			w.course.Finish()
		}
	case frame.Stop:
		w.end(errStop)
	default:
		return fmt.Errorf("a frame of kind %d is none that a conductor sends", kind)
	}
	return nil
}

func (w *Worker) answer(payload []byte) error {
	a := frame.Answer{Came: w.o.Clock.Now()}
	var q frame.Question
	if err := frame.Decode(payload, &q); err != nil {
		return err
	}
	a.Number, a.Answered = q.Number, w.o.Clock.Now()
	return w.send(frame.Pong, frame.Encode(a))
}

func (w *Worker) take(payload []byte) error {
	var o order.Order
	err := order.Decode(payload, &o)
	if c, is := w.o.Loader.(checker); err == nil && is {
		err = c.Check(o)
	}
	if err != nil {
		return w.send(frame.Refused, frame.Encode(frame.Why{Error: err.Error()}))
	}
	w.order, w.edges = o, map[string]order.Edge{}
	for _, edges := range o.Edges {
		for _, e := range edges {
			w.edges[e.Name] = e
		}
	}
	return w.send(frame.Ready, nil)
}

// begin begins the drive of the order that was taken last.
func (w *Worker) begin(payload []byte) error {
	var s frame.Start
	if err := frame.Decode(payload, &s); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil || w.order.Loads == nil {
		return errors.New("the conductor begins a drive of no order, or in the middle of another")
	}
	ctx, stop := context.WithCancelCause(context.Background())
	w.stop, w.course, w.lacked = stop, nil, 0
	if s.Steered {
		c := course.Follow(s.Way.Way())
		w.course = c
		context.AfterFunc(ctx, c.Finish)
	}
	t := newTeller(w, w.o.Clock.Time(s.Zero), stop)
	d := runner.Drive{
		Order: w.order, Zero: t.zero, Course: w.course, Notices: &w.notices, Dial: w.dial, Record: func(record.Sample) {}, Follow: t,
	}
	if w.o.Keep != nil {
		d.Keep = w.o.Keep()
	}
	w.drives.Go(func() { w.drive(ctx, d, t) })
	return nil
}

// drive drives, and tells how it went.
func (w *Worker) drive(ctx context.Context, d runner.Drive, t *teller) {
	used := w.meter(d)
	telling := t.begin()
	driven, err := w.o.Loader.Drive(ctx, d)
	end := frame.End{Figures: driven.Figures}
	end.Figures.CPU, end.Figures.Descriptors = used()
	telling()
	w.mu.Lock()
	end.Figures.Lacked = w.lacked
	cause := context.Cause(ctx)
	w.stop(nil)
	w.stop = nil
	w.mu.Unlock()
	switch end.Interrupted = errors.Is(cause, errStop); {
	case cause != nil && !end.Interrupted:
		end.Error = cause.Error()
	case err != nil && !end.Interrupted:
		end.Error = err.Error()
	}
	_ = w.send(frame.Ended, frame.Encode(end)) // a conductor that has gone wants no end
}

// meter measures the machine from the first phase on, until what it returns is called.
func (w *Worker) meter(d runner.Drive) func() (*time.Duration, *int64) {
	if w.o.Machine == nil {
		return func() (*time.Duration, *int64) { return nil, nil }
	}
	var mu sync.Mutex
	first, _ := w.o.Machine()
	begins := time.AfterFunc(time.Until(d.Zero), func() {
		mu.Lock()
		defer mu.Unlock()
		first, _ = w.o.Machine()
	})
	return func() (*time.Duration, *int64) {
		begins.Stop()
		mu.Lock()
		defer mu.Unlock()
		last, descriptors := w.o.Machine()
		used := last - first
		return &used, &descriptors
	}
}

// Close ends what is under way and waits for its end.
func (w *Worker) Close() {
	w.end(errGone)
	w.drives.Wait()
}

// end ends the drive that is under way.
func (w *Worker) end(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil {
		w.stop(why)
	}
}

// dial looks the edge's callee up as the notices say, and connects.
func (w *Worker) dial(ctx context.Context, name string) (net.Conn, error) {
	e, known := w.edges[name]
	if !known {
		return nil, fmt.Errorf("dial edge %q: there is no such edge", name)
	}
	if n := w.notices.Of(name); n.Lookup != "" && w.o.Dial == nil {
		_ = w.send(frame.LookedUp, frame.Encode(frame.Name{Edge: name}))
		if err := wire.LookUp(ctx, e.To, n.Lookup, n.Delay); err != nil {
			return nil, fmt.Errorf("dial edge %q: %w", name, err)
		}
	}
	c, err := w.connect(ctx, e)
	if err != nil && w.o.Dial == nil && scarce.Lacked(err) { // who has Dial counts itself
		w.mu.Lock()
		w.lacked++
		w.mu.Unlock()
	}
	return c, err
}

func (w *Worker) connect(ctx context.Context, e order.Edge) (net.Conn, error) {
	if w.o.Dial != nil {
		return w.o.Dial(ctx, e)
	}
	if e.Address == "" {
		return nil, fmt.Errorf("dial edge %q: it has no address", e.Name)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", e.Address)
}
