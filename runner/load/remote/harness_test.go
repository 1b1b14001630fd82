package remote_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/remote"
	"github.com/squallhq/squall/runner/load/worker"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a server and generators at the other ends of connections, in virtual time: each is what a generator is in a process of its own, but for
// the process.
type world struct {
	serve http.Handler
	// clocks are how far the generators' clocks are ahead, there and back how long what is sent to them and by them takes.
	clocks      []time.Duration
	there, back time.Duration
	links       []*link
	// then has a further drive of the generators that were staged; nil: there is none.
	then func(l runner.Loader, d runner.Drive)
	// starts starts generators in another way than start; nil: in no other.
	starts func(ctx context.Context, s runner.Stage, index int) (remote.Link, error)
	// dialled counts connections by edge.
	dialled map[string]int
	mu      sync.Mutex

	conns  chan net.Conn
	done   chan struct{}
	closed func()
}

// link is a connection to a generator, whose process may be killed or stopped.
type link struct {
	net.Conn
	kill  context.CancelFunc
	ended chan struct{}
	clock *frame.Clock

	mu      sync.Mutex
	why     string
	stopped chan struct{} // nil: it is not
}

func (l *link) Why() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

func (l *link) Close() error {
	err := l.Conn.Close()
	l.cont()
	l.kill()
	<-l.ended
	return err
}

// killed ends it as kill -9 does: it says nothing more.
func (l *link) killed() {
	l.mu.Lock()
	l.why = "its process ended: signal: killed"
	l.mu.Unlock()
	_ = l.Conn.Close()
	l.kill()
}

// stop has nothing come or go any more, cont ends that.
func (l *link) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = make(chan struct{})
}

func (l *link) cont() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped != nil {
		close(l.stopped)
		l.stopped = nil
	}
}

func (l *link) await() {
	l.mu.Lock()
	stopped := l.stopped
	l.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
}

// start starts a generator, as Options.Start.
func (w *world) start(_ context.Context, _ runner.Stage, index int) (remote.Link, error) {
	ours, near := net.Pipe()
	far, theirs := net.Pipe()
	ctx, kill := context.WithCancel(context.Background())
	l := &link{Conn: ours, kill: kill, ended: make(chan struct{})}
	ahead := time.Duration(0)
	if index < len(w.clocks) {
		ahead = w.clocks[index]
	}
	l.clock = frame.NewClock(ahead)
	var wires sync.WaitGroup
	wires.Go(func() { l.carry(far, near, w.there) })
	wires.Go(func() { l.carry(near, far, w.back) })
	go func() {
		defer close(l.ended)
		_ = worker.Serve(ctx, theirs, worker.Options{Loader: load.New(load.Options{}), Dial: w.dial, Clock: l.clock, Squall: "test", Token: "token"})
		_ = theirs.Close()
		wires.Wait()
	}()
	context.AfterFunc(ctx, func() { _ = theirs.Close() })
	w.links[index] = l
	return l, nil
}

// carry carries what comes from one end to the other, so much later. What it has read when it is stopped comes when it goes on.
func (l *link) carry(to, from net.Conn, later time.Duration) {
	type bytes struct {
		b  []byte
		at time.Time
	}
	way := make(chan bytes, 1<<16)
	var carries sync.WaitGroup
	carries.Go(func() {
		for one := range way {
			time.Sleep(time.Until(one.at))
			l.await()
			if _, err := to.Write(one.b); err != nil {
				break
			}
		}
		_, _ = to.Close(), from.Close()
		for range way {
		}
	})
	b := make([]byte, 1<<16)
	for {
		n, err := from.Read(b)
		if n > 0 {
			way <- bytes{append([]byte(nil), b[:n]...), time.Now().Add(later)}
		}
		if err != nil {
			break
		}
	}
	close(way)
	carries.Wait()
}

func (w *world) dial(ctx context.Context, e order.Edge) (net.Conn, error) {
	w.mu.Lock()
	w.dialled[e.Name]++
	w.mu.Unlock()
	ours, theirs := net.Pipe()
	select {
	case w.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.done:
		return nil, io.ErrClosedPipe
	}
}

func (w *world) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}
func (w *world) Close() error   { w.closed(); return nil }
func (w *world) Addr() net.Addr { return &net.UnixAddr{Name: "world"} }

// drove is what came of a drive.
type drove struct {
	runner.Driven
	err     error
	samples []record.Sample
	took    time.Duration
}

// drives drives loads with so many generators in a bubble; 0: one in this process, as without any of this. change may alter the drive and act on
// the world while it goes on.
func (w *world) drives(t *testing.T, generators int, loads []*scenarios.Load, length time.Duration, change func(*runner.Drive)) drove {
	t.Helper()
	return w.drivesUnder(t, context.Background(), generators, loads, length, change)
}

func (w *world) drivesUnder(t *testing.T, ctx context.Context, generators int, loads []*scenarios.Load, length time.Duration, change func(*runner.Drive)) (out drove) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w.links, w.dialled = make([]*link, generators), map[string]int{}
		w.conns, w.done = make(chan net.Conn), make(chan struct{})
		w.closed = sync.OnceFunc(func() { close(w.done) })
		var handlers sync.WaitGroup
		server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serve.ServeHTTP(rw, r) })}
		handlers.Go(func() { _ = server.Serve(w) })
		defer func() {
			_ = server.Close()
			w.closed()
			handlers.Wait()
			time.Sleep(time.Minute) // for handlers whose users have gone
		}()
		var mu sync.Mutex
		d := runner.Drive{
			Order: order.Order{Loads: loads, Seed: 1, WriteSeed: 2, Until: length, Edges: map[string][]order.Edge{}, Exchanges: true},
			Zero:  time.Now().Add(time.Second),
			Dial:  func(ctx context.Context, edge string) (net.Conn, error) { return w.dial(ctx, order.Edge{Name: edge}) },
			Record: func(s record.Sample) {
				mu.Lock()
				defer mu.Unlock()
				out.samples = append(out.samples, s)
			},
		}
		for _, l := range loads {
			d.Edges[l.Name] = []order.Edge{{Name: l.Name + ":web-1", To: "web", Address: "web"}}
		}
		if change != nil {
			change(&d)
		}
		var loader runner.Loader = load.New(load.Options{})
		if generators > 0 {
			start := w.start
			if w.starts != nil {
				start = w.starts
			}
			loader = remote.New(remote.Options{Generators: generators, Start: start, Squall: "test", Token: "token"})
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		begun := time.Now()
		if w.then == nil {
			out.Driven, out.err = loader.Drive(ctx, d)
			out.took = time.Since(begun)
			return
		}
		staged, stop, err := loader.(runner.Staged).Stage(ctx, runner.Stage{Order: d.Order})
		if err != nil {
			t.Fatal(err)
		}
		out.Driven, out.err = staged.Drive(ctx, d)
		w.then(staged, d)
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return out
}

// serves answers after a service time.
func serves(d time.Duration) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		_, _ = rw.Write([]byte("ok"))
	})
}

func open(rate float64) *scenarios.Load {
	return &scenarios.Load{Name: "users", To: "web", Rate: rate, Requests: []scenarios.Request{{Send: "GET /a", Weight: 2}, {Send: "GET /b/{n}"}}}
}
