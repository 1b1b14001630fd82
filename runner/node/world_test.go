package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/internal/pipenet"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

func TestMain(m *testing.M) {
	if role := crashRole(); role != nil { // this process is the child that TestCrash kills
		role()
		return
	}
	goleak.VerifyTestMain(m)
}

// world is a topology in memory and in virtual time: node NAME serves at NAME:80, its admin at NAME:81.
type world struct {
	t       testing.TB
	network *pipenet.Network
	client  *http.Client
	folder  string
	seed    uint64
	// settle waits until nothing more happens at this instant of virtual time: who reads a client's end may otherwise read a counter before
	// who brought that end about has counted it. nil where the time is real.
	settle func()
}

// inWorld runs a test in a bubble of virtual time.
func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		network := &pipenet.Network{}
		transport := &http.Transport{DialContext: network.DialContext, MaxIdleConnsPerHost: 1000}
		t.Cleanup(transport.CloseIdleConnections)
		f(&world{t: t, network: network, client: &http.Client{Transport: transport}, folder: folder, seed: 1, settle: synctest.Wait})
	})
}

// start starts a node with the upstreams that it names; instances are NAME-1.
func (w *world) start(n scenarios.Node, upstreams ...string) {
	w.t.Helper()
	start(w.t, w.network, w.config(n, upstreams...))
}

// run starts a node that the test ends itself; ending it twice is fine.
func (w *world) run(n scenarios.Node, upstreams ...string) (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	started, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		if err := node.Serve(ctx, w.config(n, upstreams...), node.Environment{Network: w.network}, func(wire.Addresses) { close(started) }); err != nil {
			w.t.Errorf("serve %q: %v", n.Name, err)
		}
	}()
	select {
	case <-started:
	case <-ended:
		w.t.FailNow()
	}
	stop = func() {
		cancel()
		<-ended
	}
	w.t.Cleanup(stop)
	return stop
}

// config names upstreams as NAME or NAME=KIND (service otherwise), with a replica for each comma separated address.
func (w *world) config(n scenarios.Node, upstreams ...string) node.Config {
	c := node.Config{
		Run: "test", Instance: n.Name + "-1", Seed: w.seed, Node: n,
		Listen: n.Name + ":80", Admin: n.Name + ":81", Data: w.folder + "/" + n.Name,
		Upstreams: map[string][]node.Upstream{},
	}
	for _, u := range upstreams {
		name, kind, ok := strings.Cut(u, "=")
		if !ok {
			kind = "service"
		}
		c.Upstreams[name] = upstream(name, scenarios.Kind(kind), name+":80")
	}
	return c
}

// answer is what a request came to, and how long that took.
type answer struct {
	status int
	header http.Header
	body   string
	took   time.Duration
}

// ask sends a request; headers come in pairs.
func (w *world) ask(method, url string, headers ...string) answer {
	w.t.Helper()
	a, err := w.try(w.t.Context(), method, url, headers...)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, url, err)
	}
	return a
}

func (w *world) try(ctx context.Context, method, url string, headers ...string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+url, nil)
	if err != nil {
		return answer{}, err
	}
	for n := 0; n+1 < len(headers); n += 2 {
		if headers[n] == "Host" {
			request.Host = headers[n+1]
		}
		request.Header.Set(headers[n], headers[n+1])
	}
	began := time.Now()
	response, err := w.client.Do(request)
	if err != nil {
		return answer{took: time.Since(began)}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body), time.Since(began)}, err
}

// behave tells a node how to misbehave.
func (w *world) behave(name, behaviour string) {
	w.t.Helper()
	if behaviour == "" {
		w.tell("DELETE", name, "/behave", "")
		return
	}
	w.tell("PUT", name, "/behave", behaviour)
}

// asks tells a node what is asked of it now.
func (w *world) asks(name, asks string) {
	w.t.Helper()
	w.tell("PUT", name, "/asks", asks)
}

func (w *world) tell(method, name, path, body string) {
	w.t.Helper()
	request, err := http.NewRequest(method, "http://"+name+":81"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := w.client.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		w.t.Fatalf("%s %s answered %d", method, path, response.StatusCode)
	}
}

func (w *world) stats(name string) wire.Stats {
	w.t.Helper()
	if w.settle != nil {
		w.settle()
	}
	var s wire.Stats
	if err := json.Unmarshal([]byte(w.ask("GET", name+":81/stats").body), &s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// counters checks some of a node's counters.
func (w *world) counters(name string, want map[string]float64) {
	w.t.Helper()
	got := w.stats(name).Counters
	for counter, value := range want {
		if got[counter] != value {
			w.t.Errorf("%s of %s: got %g, want %g", counter, name, got[counter], value)
		}
	}
}

// leaf is a node written by a test: it serves h at NAME:80.
func (w *world) leaf(name string, h http.HandlerFunc) {
	w.t.Helper()
	l, err := w.network.Listen(w.t.Context(), "tcp", name+":80")
	if err != nil {
		w.t.Fatal(err)
	}
	var handlers atomic.Int64
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		handlers.Add(1)
		defer handlers.Add(-1)
		h(rw, r)
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(l) //nolint:errcheck // it ends when it is closed
	}()
	w.t.Cleanup(func() {
		server.Close()
		<-done
		for handlers.Load() > 0 {
			time.Sleep(ms)
		}
	})
}

// service is a node of one endpoint.
func service(name, match string, steps ...scenarios.Step) scenarios.Node {
	return scenarios.Node{Name: name, Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{{Match: match, Steps: steps}}}}
}

func work(d time.Duration) scenarios.Step {
	return scenarios.Step{Work: &scenarios.Work{Mean: d}}
}

func calls(name string) scenarios.Step {
	return scenarios.Step{Call: &scenarios.Call{Node: name, Method: "GET", Path: "/"}}
}

func (w *world) writes(name string) map[string]int {
	w.t.Helper()
	got, err := node.ReadWrites(w.t.Context(), func(ctx context.Context) (net.Conn, error) {
		return w.network.DialContext(ctx, "tcp", name+":80")
	}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (a answer) String() string { return fmt.Sprintf("%d after %s: %s", a.status, a.took, a.body) }

// newClient is an HTTP client over real sockets, its connections closed with the test.
func newClient(t testing.TB) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}
