// Package remote drives load with several generators, each a worker at the other end of a connection: child processes of this machine, or pods
// elsewhere. Each works out the whole schedule and sends its part; what they tell is put together to what one generator would have told.
//
// # What so many generators change
//
// Requests, their times, draws, ids and the edges they take are the same however many there are (see order.Shard). Their histograms, counts
// and the stalls of closed loads add up exactly. What differs where each is a process of its own:
//
//   - Connections. Each generator keeps its own, so that there are more, up to so many times as many; who is connected anew pays for that.
//   - max_in_flight is divided among them. Where it is reached, others may stay unsent than would have with one.
//   - What people do to the course reaches each after some ms: what was sent in between was sent as the course was.
//   - Samples come some 20 ms later to who judges seconds while a run goes on (abort_when, the page).
//
// Within one process, in virtual time, they share connections and limits, and nothing differs at all.
//
// # Clocks
//
// Each generator has a clock of its own. Before it begins, its offset is measured as NTP does it, by the exchange of least delay of several, and the
// start is told to it by its own clock; so all its times are by the conductor's. Half that delay is how far they may be off. It is measured on while
// the drive goes on and after it: what has changed is drift, and widens that.
//
// # Who is lost
//
// A generator whose connection ends, or that is silent for Silence, is lost, and the others go on. What it had told counts. What it had begun, and what
// was due since it told last, is unknown; what would have been its own from then on is unsent, and counted. Of the users of closed loads, and of
// sessions that had begun, nobody knows what they would have sent.
package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/instant"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/worker"
)

// Link is a connection to a generator.
type Link interface {
	// Close ends the generator, however it is, and waits for that. It may be called twice.
	io.ReadWriteCloser
	// Why says how it has ended, once reading has; "" where that is not known.
	Why() string
}

// Options of a Loader.
type Options struct {
	// Generators is how many there are.
	Generators int
	// Start starts one of them, or connects to it, for a run. index counts from 0.
	Start func(ctx context.Context, s runner.Stage, index int) (Link, error)
	// Done is called when all that were started have been closed; nil: nobody has to know.
	Done func() error
	// Inside makes them workers within this process in place of that, as virtual time needs it; nil: they are not.
	Inside func(index int) worker.Options
	// Squall is the program's version, Token what generators want to be shown; "": nothing.
	Squall, Token string
	// Silence is how long a generator may be silent until it counts as lost. Default DefaultSilence.
	Silence time.Duration
}

// DefaultSilence is how long a generator may be silent until it counts as lost.
const DefaultSilence = 10 * time.Second

// The bounds of what is waited for.
const (
	orderWithin = time.Minute      // a generator has taken its order
	stopWithin  = 10 * time.Second // it has ended once it was told to
	pongWithin  = 2 * time.Second  // it has answered what time it is
)

// Loader drives with several generators. It implements runner.Staged.
type Loader struct{ o Options }

var _ runner.Staged = (*Loader)(nil)

// New makes a loader.
func New(o Options) *Loader {
	if o.Silence <= 0 {
		o.Silence = DefaultSilence
	}
	return &Loader{o}
}

// Drive implements runner.Loader, with generators for this drive alone.
func (l *Loader) Drive(ctx context.Context, d runner.Drive) (runner.Driven, error) {
	staged, stop, err := l.Stage(ctx, runner.Stage{Order: d.Order})
	if err != nil {
		return runner.Driven{}, err
	}
	driven, err := staged.Drive(ctx, d)
	return driven, errors.Join(err, stop(context.WithoutCancel(ctx)))
}

// Stage implements runner.Staged: it starts the generators, has them take the order and measures their clocks.
func (l *Loader) Stage(ctx context.Context, s runner.Stage) (runner.Loader, func(context.Context) error, error) {
	f := &fleet{o: l.o, clock: frame.NewClock(0), ordered: true}
	for i := range l.o.Generators {
		f.members = append(f.members, newMember(f, i))
	}
	err := order.Check(s.Order.Loads, l.o.Generators)
	if err != nil {
		f.members = nil
	}
	start := func(m *member) error {
		if err := m.start(ctx, s); err != nil {
			return err
		}
		return m.order(ctx, s.Order)
	}
	if err == nil {
		err = f.each(start)
	}
	for _, m := range f.members {
		if err == nil {
			err = m.named(m.ask(ctx, exchanges, &m.before))
		}
	}
	if err != nil {
		_ = f.stop(ctx)
		return nil, nil, err
	}
	return f, f.stop, nil
}

// fleet is generators that have taken their order.
type fleet struct {
	o       Options
	clock   *frame.Clock
	members []*member
	// ordered tells that they have the order of the next drive.
	ordered bool
	// under is the drive under way, for members within this process.
	under atomic.Pointer[runner.Drive]
}

// each does something with every member at once.
func (f *fleet) each(do func(*member) error) error {
	errs := make([]error, len(f.members))
	var wg sync.WaitGroup
	for i, m := range f.members {
		wg.Go(func() { errs[i] = m.named(do(m)) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (f *fleet) stop(context.Context) error {
	err := f.each(func(m *member) error { return m.close() })
	if f.o.Done != nil {
		err = errors.Join(err, f.o.Done())
	}
	return err
}

// start starts a generator, and says hello.
func (m *member) start(ctx context.Context, s runner.Stage) error {
	if m.fleet.o.Inside != nil {
		m.startInside()
		return nil
	}
	link, err := m.fleet.o.Start(ctx, s, m.index)
	if err != nil {
		return fmt.Errorf("start it: %w", err)
	}
	m.link = link
	stop := context.AfterFunc(ctx, func() { _ = link.Close() }) // its hello may never come
	defer stop()
	in := bufio.NewReaderSize(link, 1<<16)
	ours := frame.Hello{Version: frame.Version, Squall: m.fleet.o.Squall, Token: m.fleet.o.Token}
	if err = frame.WriteHello(link, ours); err == nil {
		_, err = frame.ReadHello(in, ours)
	}
	if err != nil {
		return errors.Join(context.Cause(ctx), m.ended(err))
	}
	m.listens.Go(func() { m.listen(in) })
	m.listens.Go(m.write)
	return nil
}

// startInside makes the member a worker of this process: frames are handed over in the goroutine that has made them.
func (m *member) startInside() {
	o := m.fleet.o.Inside(m.index)
	o.Dial = func(ctx context.Context, e order.Edge) (net.Conn, error) {
		return m.fleet.under.Load().Dial(ctx, e.Name)
	}
	o.Keep = func() instant.Keep { return m.fleet.under.Load().Keep }
	w := worker.New(o, func(kind frame.Kind, payload []byte) error { return m.handle(kind, payload) })
	m.inside = w
	m.send = w.Handle
}
