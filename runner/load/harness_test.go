package load_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

func TestMain(m *testing.M) {
	if os.Getenv(benchServerEnv) != "" {
		benchServer()
		return
	}
	goleak.VerifyTestMain(m)
}

// pipes is an in-memory network of one server: a listener whose connections are net.Pipes.
type pipes struct {
	accept chan net.Conn
	done   chan struct{}
	once   sync.Once
	dials  atomic.Int64
	refuse atomic.Bool
	byEdge sync.Map // edge -> *atomic.Int64
}

func newPipes() *pipes { return &pipes{accept: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Dial(ctx context.Context, edge string) (net.Conn, error) {
	p.dials.Add(1)
	n, _ := p.byEdge.LoadOrStore(edge, &atomic.Int64{})
	n.(*atomic.Int64).Add(1)
	if p.refuse.Load() {
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	select {
	case p.accept <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, syscall.ECONNREFUSED
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

// serve serves HTTP on the network; stop ends it and waits for the handlers too.
func (p *pipes) serve(handler http.Handler) (stop func()) {
	// Not a WaitGroup: a connection taken just before the end may begin its handler while the end is waited for.
	var mu sync.Mutex
	running, ended := 0, sync.NewCond(&mu)
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		running += n
		ended.Broadcast()
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count(1)
		defer count(-1)
		handler.ServeHTTP(w, r)
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(p)
	}()
	return func() {
		_ = server.Close()
		_ = p.Close()
		<-served
		mu.Lock()
		defer mu.Unlock()
		for running > 0 {
			ended.Wait()
		}
	}
}

// driven is what came of one drive.
type driven struct {
	generator runner.Driven
	err       error
	samples   []record.Sample
	recorder  *record.Recorder
	took      time.Duration
	network   *pipes
}

// virtually drives loads at a handler inside a bubble of virtual time. change may alter the order.
func virtually(t *testing.T, loads []*scenarios.Load, length time.Duration, handler http.Handler, change func(*runner.Drive, *pipes)) driven {
	t.Helper()
	return virtuallyUnder(t, context.Background(), loads, length, handler, change)
}

func virtuallyUnder(t *testing.T, ctx context.Context, loads []*scenarios.Load, length time.Duration, handler http.Handler, change func(*runner.Drive, *pipes)) driven {
	t.Helper()
	var out driven
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		stop := network.serve(handler)
		out = driven{network: network, recorder: record.NewRecorder([]record.Span{{Name: "all", End: length}})}
		var mu sync.Mutex
		d := runner.Drive{
			Order: order.Order{Loads: loads, Seed: 1, Until: length, Edges: map[string][]order.Edge{}},
			Zero:  time.Now(), Dial: network.Dial,
			Record: func(s record.Sample) {
				out.recorder.Add(s)
				mu.Lock()
				defer mu.Unlock()
				out.samples = append(out.samples, s)
			},
		}
		for _, l := range loads {
			d.Edges[l.Name] = []order.Edge{{Name: l.Name + ":" + l.To + "-1"}}
		}
		if change != nil {
			change(&d, network)
		}
		begun := time.Now()
		out.generator, out.err = load.New(load.Options{}).Drive(ctx, d)
		out.took = time.Since(begun)
		stop()
	})
	if err := out.recorder.Balance(); err != nil {
		t.Error(err)
	}
	return out
}

// serves answers after a service time.
func serves(d time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		_, _ = w.Write([]byte("ok"))
	})
}

func open(rate float64) *scenarios.Load {
	return &scenarios.Load{Name: "users", To: "web", Rate: rate, Requests: []scenarios.Request{{Send: "GET /"}}}
}
