package load_test

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// seqs wants the numbers of a load's requests without gaps, and none twice: an open load's, those of each session, and those of each user.
func seqs(t *testing.T, l *scenarios.Load, samples []record.Sample) {
	t.Helper()
	slices.SortFunc(samples, func(a, b record.Sample) int { return int(a.Seq) - int(b.Seq) })
	next := map[uint64]uint64{} // by session or user
	for i, s := range samples {
		whose, number := uint64(0), s.Seq
		switch {
		case l.Users > 0:
			whose, number = s.Seq%uint64(l.Users), s.Seq/uint64(l.Users)
		case l.Session != nil:
			whose, number = s.Seq/uint64(l.Session.Requests), s.Seq%uint64(l.Session.Requests)
			if number == 0 && whose != uint64(len(next)) {
				t.Fatalf("session %d comes after %d", whose, len(next))
			}
		}
		if number != next[whose] {
			t.Fatalf("sample %d has number %d: it is that of %d, and of theirs %d is the next", i, s.Seq, whose, next[whose])
		}
		next[whose]++
	}
}

func TestStagesAndWarmUpToTheHit(t *testing.T) {
	t.Parallel()
	l := open(0)
	l.Stages = []scenarios.Stage{{For: 5 * time.Second, From: 100, To: 300}, {For: 5 * time.Second, Rate: 300}}
	got := virtually(t, []*scenarios.Load{l}, 10*time.Second, serves(10*time.Millisecond),
		func(d *runner.Drive, _ *pipes) { d.From, d.Zero = -2*time.Second, d.Zero.Add(2*time.Second) })
	seqs(t, l, got.samples)
	if n := len(got.samples); n != 200+1000+1500 {
		t.Errorf("%d samples, want 2700", n)
	}
	if got.took < 12*time.Second || got.took > 12*time.Second+10*time.Millisecond {
		t.Errorf("took %v, want 12 s and what the last answer takes", got.took)
	}
	g := got.generator
	if g.Intended != 2500 || g.Sent != 2500 || g.IntendedRate != 250 || g.AchievedRate != 250 || g.LagMs.Max != 0 {
		t.Errorf("generator %+v, want the phases' 2500 at 250/s without lag", g)
	}
	for i, s := range got.samples {
		if s.Outcome != record.OK || s.Status != 200 || s.Latency() != 10*time.Millisecond {
			t.Fatalf("sample %d: %+v", i, s)
		}
	}
	perSecond := map[int]int64{}
	for _, w := range got.recorder.Windows() {
		perSecond[w.Second] = w.Sent
	}
	want := map[int]int64{-2: 100, -1: 100, 0: 120, 1: 160, 2: 200, 3: 240, 4: 280, 5: 300, 6: 300, 7: 300, 8: 300, 9: 300}
	if diff := cmp.Diff(want, perSecond); diff != "" {
		t.Errorf("requests per second (-want +got):\n%s", diff)
	}
}

// Poisson arrivals at an exponential server of unlimited size: latency stays exponential, arrivals stay Poisson.
func TestPoissonAsTheServerSeesIt(t *testing.T) {
	t.Parallel()
	l := open(200)
	l.Arrivals = "poisson"
	got := virtually(t, []*scenarios.Load{l}, 60*time.Second, serves(10*time.Millisecond), nil)
	n := float64(len(got.samples))
	if math.Abs(n-12_000) > 4*math.Sqrt(12_000) {
		t.Errorf("%v requests, want 12,000", n)
	}
	counts := make([]float64, 600)
	for _, s := range got.samples {
		counts[s.Sent/(100*time.Millisecond)]++
	}
	mean, squares := n/600, 0.0
	for _, c := range counts {
		squares += (c - mean) * (c - mean) / 600
	}
	if d := squares / mean; d < 0.75 || d > 1.25 {
		t.Errorf("dispersion %.2f, want 1", d)
	}
}

// misbehaving answers each path in its own way.
func misbehaving() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/declared", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(wire.HeaderRedirect, "meant")
		http.Redirect(w, r, "/ok", http.StatusFound)
	})
	mux.HandleFunc("/304", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	mux.HandleFunc("/degraded", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(wire.HeaderDegraded, "stale")
		w.Header().Set(wire.HeaderWrote, "db/1,queue/2")
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("/503", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(wire.HeaderWrote, "db/7")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/slowbody", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("begun"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/halfbody", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100000000") })
	return mux
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		path    string
		outcome record.Outcome
		class   string
		status  int
		wrote   []string
		latency time.Duration
	}{
		{"ok", "/ok", record.OK, "", 200, nil, 0},
		{"a redirect is not followed, and no success", "/redirect", record.Failed, "302", 302, nil, 0},
		{"a redirect that is declared", "/declared", record.OK, "", 302, nil, 0},
		{"a redirect that the load wants", "/redirect?wanted", record.OK, "", 302, nil, 0},
		{"nothing new", "/304", record.OK, "", 304, nil, 0},
		{"degraded, with writes", "/degraded", record.Degraded, "", 202, []string{"db/1", "queue/2"}, 0},
		{"not found", "/404", record.Failed, "404", 404, nil, 0},
		{"a failure that had written", "/503", record.Failed, "503", 503, []string{"db/7"}, 0},
		{"no answer in time", "/hang", record.Failed, record.ErrTimeout, 0, nil, time.Second},
		{"a body that never ends in time", "/slowbody", record.Failed, record.ErrTimeout, 200, nil, time.Second},
		{"a connection that ends", "/abort", record.Failed, record.ErrEOF, 0, nil, 0},
		{"a body that breaks off", "/halfbody", record.Failed, record.ErrBody, 200, nil, 0},
		{"a body over the limit", "/huge", record.Failed, record.ErrBody, 200, nil, 0},
	}
	mux := misbehaving()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := open(10)
			l.Requests[0].Send = "GET " + c.path
			l.Requests[0].Redirect = strings.HasSuffix(c.path, "?wanted")
			l.Timeout = time.Second
			got := virtually(t, []*scenarios.Load{l}, time.Second, mux, nil)
			if len(got.samples) != 10 {
				t.Fatalf("%d samples, want 10", len(got.samples))
			}
			for _, s := range got.samples {
				if s.Outcome != c.outcome || s.Error != c.class || s.Status != c.status || s.Latency() != c.latency || s.Lag() != 0 {
					t.Fatalf("%+v", s)
				}
				if diff := cmp.Diff(c.wrote, s.Wrote); diff != "" {
					t.Fatalf("wrote (-want +got):\n%s", diff)
				}
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		got := virtually(t, []*scenarios.Load{open(10)}, time.Second, mux, func(_ *runner.Drive, p *pipes) { p.refuse.Store(true) })
		if diff := cmp.Diff(map[string]int64{record.ErrRefused: 10}, got.recorder.Phases()[0].Requests[0].Errors); diff != "" {
			t.Errorf("errors (-want +got):\n%s", diff)
		}
	})
	t.Run("a dial that hangs", func(t *testing.T) {
		t.Parallel()
		l := open(10)
		l.Timeout = 500 * time.Millisecond
		got := virtually(t, []*scenarios.Load{l}, time.Second, mux, func(d *runner.Drive, _ *pipes) {
			d.Dial = func(ctx context.Context, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		})
		for _, s := range got.samples {
			if s.Error != record.ErrTimeout || s.Latency() != 500*time.Millisecond {
				t.Fatalf("%+v", s)
			}
		}
	})
}

// Interrupted in the middle: what is in flight ends at once, what was not due yet was never intended.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		network := newPipes()
		stop := network.serve(serves(3 * time.Second))
		var mu sync.Mutex
		var samples []record.Sample
		zero := time.Now()
		time.AfterFunc(5001*time.Millisecond, cancel)
		closed := &scenarios.Load{Name: "closed", To: "web", Users: 5, Requests: []scenarios.Request{{Send: "GET /"}}}
		g, err := load.New(load.Options{}).Drive(ctx, runner.Drive{
			Order: order.Order{
				Loads: []*scenarios.Load{open(100), closed}, Seed: 1, Until: time.Minute,
				Edges: map[string][]order.Edge{"users": {{Name: "users:web-1"}}, "closed": {{Name: "closed:web-1"}}},
			},
			Zero: zero, Dial: network.Dial,
			Record: func(s record.Sample) {
				mu.Lock()
				defer mu.Unlock()
				samples = append(samples, s)
			},
		})
		if took := time.Since(zero); took != 5001*time.Millisecond {
			t.Errorf("ended after %v, want 5.001 s", took)
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		stop()
		classes := map[string]int{}
		for _, s := range samples {
			classes[s.Load+" "+string(s.Outcome)+" "+s.Error]++
		}
		// 501 arrivals from 0 to 5 s; those of the last 3.001 s are still in flight.
		want := map[string]int{"users ok ": 201, "users failed cancelled": 300, "closed ok ": 5, "closed failed cancelled": 5}
		if diff := cmp.Diff(want, classes); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if g.Intended != 511 || g.Sent != 511 || math.Abs(g.IntendedRate-511/5.001) > 1e-9 {
			t.Errorf("generator %+v", g)
		}
	})
}

// A closed load follows the interactive response time law: N users, service S and think time Z give N / (S + Z) a second.
func TestClosedLoad(t *testing.T) {
	t.Parallel()
	l := &scenarios.Load{Name: "users", To: "web", Users: 20, Think: &scenarios.Work{Mean: 90 * time.Millisecond, Shape: "exponential"},
		Requests: []scenarios.Request{{Send: "GET /{id}"}}}
	got := virtually(t, []*scenarios.Load{l}, 60*time.Second, serves(10*time.Millisecond), nil)
	seqs(t, l, got.samples)
	if rate := got.generator.AchievedRate; math.Abs(rate-200) > 4 {
		t.Errorf("%v requests a second, want 200", rate)
	}
	if got.generator.MaxInFlight > 20 || got.generator.LagMs.Max != 0 {
		t.Errorf("%+v", got.generator)
	}
	for _, s := range got.samples {
		if s.Intended >= 60*time.Second || s.Latency() != 10*time.Millisecond {
			t.Fatalf("%+v", s)
		}
	}
}

// Users without think time at a system that refuses at once must not stop time.
func TestClosedLoadAtARefusingSystem(t *testing.T) {
	t.Parallel()
	l := &scenarios.Load{Name: "users", To: "web", Users: 3, Requests: []scenarios.Request{{Send: "GET /"}}}
	got := virtually(t, []*scenarios.Load{l}, time.Second, serves(0), func(_ *runner.Drive, p *pipes) { p.refuse.Store(true) })
	if n := len(got.samples); n != 300 {
		t.Errorf("%d samples, want 300: one per user and 10 ms", n)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	l := open(10)
	l.Session = &scenarios.Session{Requests: 4}
	l.Think = &scenarios.Work{Mean: 100 * time.Millisecond}
	got := virtually(t, []*scenarios.Load{l}, 20*time.Second, serves(50*time.Millisecond), nil)
	seqs(t, l, got.samples)
	// A session's k-th request comes 150 ms after the one before. In 20 s 200 sessions begin; of the last
	// ones the requests due at 20 s or later are never intended: the sessions of 19.9 s lack 3, of 19.8 and 19.7 s 2 each, of 19.6 s 1.
	if n := len(got.samples); n != 792 {
		t.Errorf("%d requests, want 792", n)
	}
	for _, s := range got.samples {
		if s.Latency() != 50*time.Millisecond || s.Intended >= 20*time.Second {
			t.Fatalf("%+v", s)
		}
	}
}

func TestRequestsTakeReplicasInTurn(t *testing.T) {
	t.Parallel()
	got := virtually(t, []*scenarios.Load{open(30)}, 10*time.Second, serves(50*time.Millisecond), func(d *runner.Drive, _ *pipes) {
		d.Edges["users"] = []order.Edge{{Name: "users:web-1"}, {Name: "users:web-2"}, {Name: "users:web-3"}}
	})
	if len(got.samples) != 300 {
		t.Errorf("%d samples, want 300", len(got.samples))
	}
	edges := 0
	got.network.byEdge.Range(func(edge, n any) bool {
		edges++
		if n := n.(*atomic.Int64).Load(); n != 1 { // each replica gets 10/s, which one connection carries
			t.Errorf("%d connections over %v, want 1", n, edge)
		}
		return true
	})
	if edges != 3 {
		t.Errorf("%d edges used, want 3", edges)
	}
}

// A server that closes connections after each few answers costs connections, not failures.
func TestConnectionsThatThePeerClosed(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	got := virtually(t, []*scenarios.Load{open(100)}, 10*time.Second, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%10 == 0 { // close behind the answer's back, without saying so in it
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
				_ = c.Close()
			}
		}
	}), nil)
	r := got.recorder.Phases()[0].Requests[0]
	if r.OK != 1000 {
		t.Errorf("%+v", r)
	}
	if d := got.network.dials.Load(); d != 100 {
		t.Errorf("%d connections, want 100", d)
	}
}

func TestOrdersThatCantBeDriven(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*runner.Drive){
		"no edge":    func(d *runner.Drive) { d.Edges = nil },
		"no time":    func(d *runner.Drive) { d.Until = 0 },
		"no rate":    func(d *runner.Drive) { d.Loads[0].Rate = 0 },
		"no request": func(d *runner.Drive) { d.Loads[0].Requests = nil },
	} {
		got := virtually(t, []*scenarios.Load{open(10)}, time.Second, serves(0), func(d *runner.Drive, _ *pipes) { change(d) })
		if got.err == nil || !strings.Contains(got.err.Error(), `load "users"`) || len(got.samples) > 0 {
			t.Errorf("%s: error %v, %d samples", name, got.err, len(got.samples))
		}
	}
}
