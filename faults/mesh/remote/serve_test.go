package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/meshtest"
)

// recordedMesh answers with what it is told to and keeps what it was asked.
type recordedMesh struct {
	mu     sync.Mutex
	asked  []any
	fail   error
	closed int
}

func (m *recordedMesh) note(asked ...any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, asked...)
	return m.fail
}

func (m *recordedMesh) Open(_ context.Context, edges []mesh.Edge) ([]mesh.Edge, error) {
	return edges, m.note(edges)
}

func (m *recordedMesh) OpenGroup(_ context.Context, g mesh.Group) (string, error) {
	return "127.0.0.1:7", m.note(g)
}

func (m *recordedMesh) SetUpstream(_ context.Context, edge, address string) error {
	return m.note(edge, address)
}

func (m *recordedMesh) Apply(_ context.Context, id string, p []faults.Primitive) error {
	return m.note(id, p)
}

func (m *recordedMesh) Lift(_ context.Context, id string) (faults.Receipt, error) {
	return faults.Receipt{Requests: 3, DelayMs: 1.5, Lost: 9}, m.note(id)
}

func (m *recordedMesh) Prepare(_ context.Context, id string, p []faults.Primitive) error {
	return m.note("prepare", id, p)
}

func (m *recordedMesh) Commit(_ context.Context, id string, at time.Time) (time.Time, error) {
	return at.Add(time.Microsecond), m.note("commit", id, at)
}

func (m *recordedMesh) LiftAt(ctx context.Context, id string, at time.Time) (faults.Receipt, time.Time, error) {
	r, err := m.Lift(ctx, id)
	_ = m.note(at) // Lift's error is enough
	return r, at, err
}

func (m *recordedMesh) Clock(context.Context) (time.Time, error) {
	return time.Unix(7, 8).UTC(), m.note("clock")
}

func (m *recordedMesh) Stats(context.Context) ([]mesh.EdgeStats, error) {
	return []mesh.EdgeStats{{Name: "a:b", Connections: 1 << 60, FirstByteTotal: time.Second}}, m.note("stats")
}

func (m *recordedMesh) Changes(_ context.Context, after int64) ([]mesh.Change, error) {
	return []mesh.Change{{Number: 4, Kind: mesh.ToxicRemoved, Edge: "a", Receipt: &faults.Receipt{Requests: 1}}}, m.note(after)
}

func (m *recordedMesh) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed++
	return nil
}

// noAPI stands for toxiproxy's.
func noAPI(*mesh.Mesh) http.Handler { return http.NotFoundHandler() }

const testToken = "a long token of this test"

// startServing serves a mesh until the test ends, and checks that it ended without an error.
func startServing(t *testing.T, config Config, m mesh.Scheduled) Addresses {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan Addresses, 1), make(chan error, 1)
	go func() {
		ended <- serveMesh(ctx, config, m, http.NotFoundHandler(), func(a Addresses) { started <- a })
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(meshtest.Patience):
			t.Error("serving has not ended")
		}
	})
	select {
	case a := <-started:
		return a
	case err := <-ended:
		ended <- err
		t.Fatalf("serve: %v", err)
	}
	return Addresses{}
}

func serveControl(t *testing.T, m mesh.Scheduled) string {
	return startServing(t, Config{Control: "127.0.0.1:0", Token: testToken}, m).Control
}

func TestClientCarriesEveryCall(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("calls", func(t *testing.T) {
		recorded := &recordedMesh{}
		client := NewClient(serveControl(t, recorded), testToken, nil)
		defer client.Disconnect()
		ctx := t.Context()

		edges := []mesh.Edge{{Name: "a-1:b-1", Listen: "127.0.0.1:0", Upstream: "h:1", Latency: time.Millisecond, Jitter: 7}, {Name: "ä→b"}}
		opened, err := client.Open(ctx, edges)
		meshtest.Check(t, err)
		meshtest.Same(t, "opened", edges, opened)
		group := mesh.Group{Listen: "x:1", Edges: []string{"a", "b"}}
		listen, err := client.OpenGroup(ctx, group)
		meshtest.Check(t, err)
		meshtest.Same(t, "group", "127.0.0.1:7", listen)
		meshtest.Check(t, client.SetUpstream(ctx, "a", "b:1"))
		primitives := []faults.Primitive{
			{Op: faults.OpToxic, Edge: "a", Toxic: &faults.Toxic{Stream: "upstream", Toxicity: 0.25, Per: "request", Attributes: faults.LatencyToxic{Latency: 1.5, Shape: "pareto"}}},
			{Op: faults.OpOutage, Edge: "b", Outage: &faults.EdgeOutage{New: faults.NewHang, Open: faults.OpenLose, Direction: faults.Up, Delay: time.Second}},
		}
		meshtest.Check(t, client.Apply(ctx, "id 1", primitives))
		receipt, err := client.Lift(ctx, "id 1")
		meshtest.Check(t, err)
		meshtest.Same(t, "receipt", faults.Receipt{Requests: 3, DelayMs: 1.5, Lost: 9}, receipt)
		stats, err := client.Stats(ctx)
		meshtest.Check(t, err)
		meshtest.Same(t, "stats", []mesh.EdgeStats{{Name: "a:b", Connections: 1 << 60, FirstByteTotal: time.Second}}, stats)
		changes, err := client.Changes(ctx, 3)
		meshtest.Check(t, err)
		meshtest.Same(t, "changes", []mesh.Change{{Number: 4, Kind: mesh.ToxicRemoved, Edge: "a", Receipt: &faults.Receipt{Requests: 1}}}, changes)
		then := time.Unix(1_700_000_000, 123_456_789).UTC()
		meshtest.Check(t, client.Prepare(ctx, "id 2", primitives))
		on, err := client.Commit(ctx, "id 2", then)
		meshtest.Check(t, err)
		meshtest.Same(t, "in force", then.Add(time.Microsecond), on)
		receipt, off, err := client.LiftAt(ctx, "id 2", then)
		meshtest.Check(t, err)
		meshtest.Same(t, "receipt at its time", faults.Receipt{Requests: 3, DelayMs: 1.5, Lost: 9}, receipt)
		meshtest.Same(t, "off", then, off)
		now, err := client.Clock(ctx)
		meshtest.Check(t, err)
		meshtest.Same(t, "clock", time.Unix(7, 8).UTC(), now)
		meshtest.Same(t, "asked", []any{
			edges, group, "a", "b:1", "id 1", primitives, "id 1", time.Time{}, "stats", int64(3),
			"prepare", "id 2", primitives, "commit", "id 2", then, "id 2", then, "clock",
		}, recorded.asked)
	})
}

func TestClientGetsErrorsOfTheSameKind(t *testing.T) {
	var invalidIn *faults.InvalidError
	for name, c := range map[string]struct {
		fail error
		is   func(error) bool
	}{
		"not found": {fmt.Errorf("edge %q: %w", "x", mesh.ErrNotFound), func(err error) bool { return errors.Is(err, mesh.ErrNotFound) }},
		"exists":    {fmt.Errorf("edge %q: %w", "x", mesh.ErrExists), func(err error) bool { return errors.Is(err, mesh.ErrExists) }},
		"closed":    {fmt.Errorf("open: %w", mesh.ErrClosed), func(err error) bool { return errors.Is(err, mesh.ErrClosed) }},
		"deadline":  {fmt.Errorf("late: %w", context.DeadlineExceeded), func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
		"invalid": {fmt.Errorf("edge %q: %w", "x", &faults.InvalidError{Field: "attributes.rate", Reason: "-1 is negative"}), func(err error) bool {
			return errors.As(err, &invalidIn) && *invalidIn == faults.InvalidError{Field: "attributes.rate", Reason: "-1 is negative"}
		}},
		"other": {errors.New("disk on fire"), func(err error) bool {
			return !errors.Is(err, mesh.ErrNotFound) && !errors.Is(err, mesh.ErrExists) && !errors.As(err, &invalidIn)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			client := NewClient(serveControl(t, &recordedMesh{fail: c.fail}), testToken, nil)
			defer client.Disconnect()
			_, err := client.Lift(t.Context(), "x")
			if err == nil || err.Error() != c.fail.Error() || !c.is(err) {
				t.Errorf("got %v, want %v and its kind", err, c.fail)
			}
		})
	}
}

func TestControlAPIWantsItsTokenOnEveryRoute(t *testing.T) {
	recorded := &recordedMesh{}
	address := serveControl(t, recorded)
	defer http.DefaultClient.CloseIdleConnections()
	for _, route := range []string{routeOpen, routeGroup, routeUpstream, routeApply, routeLift, routeStats, routeSpace + "?held=/held/1", routeNames, routeLookups + "?listen=x", routeChanges + "?after=0", routeClose, routeTunnel + "?address=127.0.0.1:1", "/", "/else"} {
		for _, authorization := range []string{"", testToken, "Bearer ", "Bearer " + testToken + "x", "Bearer " + testToken[1:], "Basic " + testToken} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+route, strings.NewReader("{}"))
				meshtest.Check(t, err)
				request.Header.Set("Authorization", authorization)
				response, err := http.DefaultClient.Do(request)
				meshtest.Check(t, err)
				_ = response.Body.Close()
				if response.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s %s with %q answers %d", method, route, authorization, response.StatusCode)
				}
			}
		}
	}
	if len(recorded.asked) > 0 || recorded.closed > 0 {
		t.Errorf("the mesh was asked %v, closed %d times", recorded.asked, recorded.closed)
	}
	wrong := NewClient(address, "wrong", nil)
	defer wrong.Disconnect()
	if _, err := wrong.Stats(t.Context()); !errors.Is(err, errDenied) {
		t.Errorf("a wrong token gives %v", err)
	}
	if _, err := wrong.DialVia(t.Context(), address); !errors.Is(err, errDenied) {
		t.Errorf("a tunnel with a wrong token gives %v", err)
	}
}

func TestControlAPIRefusesWrongBodies(t *testing.T) {
	address := serveControl(t, &recordedMesh{})
	defer http.DefaultClient.CloseIdleConnections()
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"empty":          {"", 400},
		"no JSON":        {"{", 400},
		"unknown field":  {`{"edge":"a","address":"b","more":1}`, 400},
		"more after it":  {`{"edge":"a","address":"b"}{}`, 400},
		"of wrong type":  {`{"edge":1}`, 400},
		"larger than it": {`{"edge":"` + strings.Repeat("x", maxRequest) + `"}`, 413},
		"right":          {`{"edge":"a","address":"b"}`, 200},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+routeUpstream, strings.NewReader(c.body))
			meshtest.Check(t, err)
			request.Header.Set("Authorization", "Bearer "+testToken)
			response, err := http.DefaultClient.Do(request)
			meshtest.Check(t, err)
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			meshtest.Check(t, err)
			if response.StatusCode != c.status {
				t.Errorf("answers %d %s, want %d", response.StatusCode, body, c.status)
			}
		})
	}
}

func TestServeRefusesConfigurationsThatAreNotSafe(t *testing.T) {
	for name, config := range map[string]Config{
		"no token":            {Control: "127.0.0.1:0"},
		"API to the world":    {Control: "127.0.0.1:0", Token: "t", API: "0.0.0.0:0"},
		"API to the world, 6": {Control: "127.0.0.1:0", Token: "t", API: "[::]:0"},
		"API anywhere":        {Control: "127.0.0.1:0", Token: "t", API: ":0"},
		"API by a name":       {Control: "127.0.0.1:0", Token: "t", API: "example.org:0"},
		"API without a port":  {Control: "127.0.0.1:0", Token: "t", API: "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			var invalid *faults.InvalidError
			err := Serve(t.Context(), config, noAPI, func(Addresses) { t.Error("started") })
			if !errors.As(err, &invalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestServeEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for name, end := range map[string]func(cancel context.CancelFunc, c *Client) error{
		"by its context": func(cancel context.CancelFunc, _ *Client) error { cancel(); return nil },
		"by a client":    func(_ context.CancelFunc, c *Client) error { return c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			started, ended := make(chan Addresses, 1), make(chan error, 1)
			go func() {
				ended <- Serve(ctx, Config{Control: "127.0.0.1:0", API: "127.0.0.1:0", Token: testToken}, noAPI, func(a Addresses) { started <- a })
			}()
			addresses := <-started
			client := NewClient(addresses.Control, testToken, nil)
			defer client.Disconnect()
			echo := meshtest.ListenEcho(t)
			tunnel, err := client.DialVia(ctx, echo)
			meshtest.Check(t, err)
			defer func() { _ = tunnel.Close() }()
			idle, err := net.Dial("tcp", addresses.Control)
			meshtest.Check(t, err)
			defer func() { _ = idle.Close() }()

			meshtest.Check(t, end(cancel, client))
			select {
			case err := <-ended:
				meshtest.Check(t, err)
			case <-time.After(meshtest.Patience):
				t.Fatal("Serve has not returned")
			}
			meshtest.Check(t, tunnel.SetReadDeadline(time.Now().Add(meshtest.Patience)))
			if _, err := tunnel.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the tunnel is still open: %v", err)
			}
			for _, address := range []string{addresses.Control, addresses.API} {
				if c, err := net.Dial("tcp", address); err == nil {
					_ = c.Close()
					t.Errorf("%s still listens", address)
				}
			}
		})
	}
}

func TestServeTellsAPortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	meshtest.Check(t, err)
	defer func() { _ = taken.Close() }()
	for name, config := range map[string]Config{
		"control": {Control: taken.Addr().String(), Token: "t"},
		"API":     {Control: "127.0.0.1:0", API: taken.Addr().String(), Token: "t"},
	} {
		err := Serve(t.Context(), config, noAPI, func(Addresses) { t.Error("started") })
		if err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestChangesCrossToTheClient: what a hand does to a served mesh is told where its run is conducted.
func TestChangesCrossToTheClient(t *testing.T) {
	m := mesh.New(mesh.Options{})
	client := NewClient(serveControl(t, m), testToken, nil)
	defer client.Disconnect()
	edges, err := client.Open(t.Context(), []mesh.Edge{{Name: "a:b", Listen: "127.0.0.1:0", Upstream: "127.0.0.1:9"}})
	meshtest.Check(t, err)
	toxic := faults.Toxic{Stream: faults.Upstream, Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 10}}
	meshtest.Check(t, client.Apply(t.Context(), "fault-1", []faults.Primitive{{Op: faults.OpToxic, Edge: edges[0].Name, Toxic: &toxic}}))
	told := make(chan []mesh.Change, 1)
	go func() {
		changes, err := client.Changes(t.Context(), 0)
		if err != nil {
			t.Error(err)
		}
		told <- changes
	}()
	meshtest.Check(t, m.Reset())
	var changes []mesh.Change
	for len(changes) < 2 { // the first answer may have the reset alone
		select {
		case more := <-told:
			changes = append(changes, more...)
		case <-time.After(meshtest.Patience):
			t.Fatalf("told of %+v alone", changes)
		}
		if len(changes) == 1 {
			more, err := client.Changes(t.Context(), 1)
			meshtest.Check(t, err)
			changes = append(changes, more...)
		}
	}
	if changes[0].Kind != mesh.WasReset || changes[1].Kind != mesh.ToxicRemoved || changes[1].Injection != "fault-1" || changes[1].Receipt == nil {
		t.Errorf("told of %+v, want a reset that took a toxic of fault-1 off", changes)
	}
}
