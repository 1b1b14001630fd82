package enginetest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/topology"
)

// world is a launched system with a plain HTTP client for each client edge.
type world struct {
	t       *testing.T
	system  runner.System
	plan    *topology.Plan
	clients map[string]*http.Client
	// seq numbers requests: each has an id of its own, as a user's has.
	seq *atomic.Int64
}

func newWorld(t *testing.T, s runner.System, p *topology.Plan) *world {
	w := &world{t: t, system: s, plan: p, clients: map[string]*http.Client{}, seq: &atomic.Int64{}}
	for _, e := range p.Edges {
		if e.Client {
			w.clients[e.Name] = &http.Client{Transport: &http.Transport{
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx, e.Name) },
			}}
		}
	}
	t.Cleanup(w.close)
	return w
}

// with is the same world for a test of its own.
func (w *world) with(t *testing.T) *world {
	other := *w
	other.t = t
	return &other
}

// close gives the clients' connections back.
func (w *world) close() {
	for _, c := range w.clients {
		c.CloseIdleConnections()
	}
}

// answer is what a request came to.
type answer struct {
	status int
	wrote  string
	took   time.Duration
	reused bool // the connection was open before
	err    error
}

// ask makes one request over a client edge.
func (w *world) ask(ctx context.Context, edge, method, path string) answer {
	var a answer
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { a.reused = i.Reused }})
	request, err := http.NewRequestWithContext(ctx, method, "http://"+edge[len("users:"):]+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set(wire.HeaderRequest, fmt.Sprintf("users-%d", w.seq.Add(1)))
	request.Header.Set(wire.HeaderLoad, "users")
	begin := time.Now()
	response, err := w.clients[edge].Do(request)
	if err != nil {
		a.err, a.took = err, time.Since(begin)
		return a
	}
	defer func() { _ = response.Body.Close() }()
	_, a.err = io.Copy(io.Discard, response.Body)
	a.took = time.Since(begin)
	a.status, a.wrote = response.StatusCode, response.Header.Get(wire.HeaderWrote)
	return a
}

func (w *world) get(edge, path string) answer {
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	return w.ask(ctx, edge, http.MethodGet, path)
}

// mustGet wants 200.
func (w *world) mustGet(edge, path string) answer {
	w.t.Helper()
	a := w.get(edge, path)
	if a.err != nil || a.status != http.StatusOK {
		w.t.Fatalf("GET %s over %s: status %d, error %v", path, edge, a.status, a.err)
	}
	return a
}

// mustWrite makes an acknowledged write and returns its id.
func (w *world) mustWrite(edge, order string) string {
	w.t.Helper()
	id, err := w.write(edge, order)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) write(edge, order string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	a := w.ask(ctx, edge, http.MethodPost, "/orders/"+order)
	if a.err != nil || a.status/100 != 2 {
		return "", fmt.Errorf("POST over %s: status %d, error %v", edge, a.status, a.err)
	}
	const prefix = "db/"
	if len(a.wrote) <= len(prefix) || a.wrote[:len(prefix)] != prefix {
		return "", fmt.Errorf("POST over %s: the answer acknowledged %q, want db/ID", edge, a.wrote)
	}
	return a.wrote[len(prefix):], nil
}

// writes reads back how often each write is in a database.
func (w *world) writes(instance string) map[string]int {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	found, err := node.ReadWrites(ctx, func(ctx context.Context) (net.Conn, error) { return w.system.DialInstance(ctx, instance) }, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// inject puts primitives on. The undo is called at the end of the test at the latest.
func (w *world) inject(primitives ...faults.Primitive) (undo func() faults.Receipt) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	take, err := w.system.Inject(ctx, primitives)
	if err != nil {
		w.t.Fatalf("Inject %v: %v", primitives, err)
	}
	undo = func() faults.Receipt {
		w.t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
		defer cancel()
		receipt, err := take(ctx)
		if err != nil {
			w.t.Errorf("undo %v: %v", primitives, err)
		}
		return receipt
	}
	w.t.Cleanup(func() { undo() })
	return undo
}

// observe reads all counters.
func (w *world) observe() runner.Observation {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	o, err := w.system.Observe(ctx)
	if err != nil {
		w.t.Fatalf("Observe: %v", err)
	}
	return o
}

// counted is what an instance has counted by now: one that is too busy to say so is told to be unread, and has the counters of before.
func (w *world) counted(instance string) (n runner.NodeCounters) {
	w.t.Helper()
	w.eventually("that "+instance+" tells what it has counted", func() bool {
		n = w.observe().Nodes[instance]
		return !n.Unread
	})
	return n
}

// mustNotDial wants an edge that nobody answers on: no connection, or one that ends at once.
func (w *world) mustNotDial(edge string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	c, err := w.system.Dial(ctx, edge)
	if err != nil {
		if ctx.Err() != nil {
			w.t.Errorf("dialling %s hung: %v", edge, err)
		}
		return
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(soon))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		w.t.Errorf("a connection over %s was answered", edge)
	} else if e, ok := err.(net.Error); ok && e.Timeout() {
		w.t.Errorf("a connection over %s hung", edge)
	}
}

// eventually waits until a request works again.
func (w *world) eventually(what string, works func() bool) {
	w.t.Helper()
	w.within(soon, what, works)
}

// underWay waits until the first instance has a request that it has not answered.
func (w *world) underWay() {
	w.t.Helper()
	w.eventually("a request is under way", func() bool { return w.observe().Nodes[api].Counters["squall_in_flight"] == 1 })
}

// within waits until something comes to be, for so long at most.
func (w *world) within(bound time.Duration, what string, works func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(bound); !works(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: not within %s; touched: %+v", what, bound, w.touched())
		}
	}
}
