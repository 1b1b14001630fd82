package mesh

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

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/squallhq/squall/faults"
)

// patience is how long a test waits for what must happen; it is no measure of how long it takes.
const patience = 20 * time.Second

// noProxies has the methods of Proxies; none may be called.
type noProxies interface{ Proxies }

// recordedMesh answers with what it is told to and keeps what it was asked.
type recordedMesh struct {
	noProxies
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

func (m *recordedMesh) Open(_ context.Context, edges []Edge) ([]Edge, error) {
	return edges, m.note(edges)
}

func (m *recordedMesh) OpenGroup(_ context.Context, g Group) (string, error) {
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

func (m *recordedMesh) Stats(context.Context) ([]EdgeStats, error) {
	return []EdgeStats{{Name: "a:b", Connections: 1 << 60, FirstByteTotal: time.Second}}, m.note("stats")
}

func (m *recordedMesh) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed++
	return nil
}

const testToken = "a long token of this test"

// startServing serves a mesh until the test ends, and checks that it ended without an error.
func startServing(t *testing.T, config ServeConfig, mesh servedMesh) ServeAddresses {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan ServeAddresses, 1), make(chan error, 1)
	go func() {
		ended <- serveMesh(ctx, config, mesh, func(a ServeAddresses) { started <- a })
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(patience):
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
	return ServeAddresses{}
}

func serveControl(t *testing.T, mesh servedMesh) string {
	return startServing(t, ServeConfig{Control: "127.0.0.1:0", Token: testToken}, mesh).Control
}

func TestClientCarriesEveryCall(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("calls", func(t *testing.T) {
		mesh := &recordedMesh{}
		client := NewClient(serveControl(t, mesh), testToken, nil)
		defer client.Disconnect()
		ctx := t.Context()

		edges := []Edge{{Name: "a-1:b-1", Listen: "127.0.0.1:0", Upstream: "h:1", Latency: time.Millisecond, Jitter: 7}, {Name: "ä→b"}}
		opened, err := client.Open(ctx, edges)
		check(t, err)
		same(t, "opened", edges, opened)
		group := Group{Listen: "x:1", Edges: []string{"a", "b"}}
		listen, err := client.OpenGroup(ctx, group)
		check(t, err)
		same(t, "group", "127.0.0.1:7", listen)
		check(t, client.SetUpstream(ctx, "a", "b:1"))
		primitives := []faults.Primitive{
			{Op: faults.OpToxic, Edge: "a", Toxic: &faults.Toxic{Stream: "upstream", Toxicity: 0.25, Per: "request", Attributes: faults.LatencyToxic{Latency: 1.5, Shape: "pareto"}}},
			{Op: faults.OpOutage, Edge: "b", Outage: &faults.EdgeOutage{New: faults.NewHang, Open: faults.OpenLose, Direction: faults.Up, Delay: time.Second}},
		}
		check(t, client.Apply(ctx, "id 1", primitives))
		receipt, err := client.Lift(ctx, "id 1")
		check(t, err)
		same(t, "receipt", faults.Receipt{Requests: 3, DelayMs: 1.5, Lost: 9}, receipt)
		stats, err := client.Stats(ctx)
		check(t, err)
		same(t, "stats", []EdgeStats{{Name: "a:b", Connections: 1 << 60, FirstByteTotal: time.Second}}, stats)
		same(t, "asked", []any{edges, group, "a", "b:1", "id 1", primitives, "id 1", "stats"}, mesh.asked)
	})
}

func TestClientGetsErrorsOfTheSameKind(t *testing.T) {
	var invalidIn *faults.InvalidError
	for name, c := range map[string]struct {
		fail error
		is   func(error) bool
	}{
		"not found": {fmt.Errorf("edge %q: %w", "x", ErrNotFound), func(err error) bool { return errors.Is(err, ErrNotFound) }},
		"exists":    {fmt.Errorf("edge %q: %w", "x", ErrExists), func(err error) bool { return errors.Is(err, ErrExists) }},
		"closed":    {fmt.Errorf("open: %w", ErrClosed), func(err error) bool { return errors.Is(err, ErrClosed) }},
		"deadline":  {fmt.Errorf("late: %w", context.DeadlineExceeded), func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
		"invalid": {fmt.Errorf("edge %q: %w", "x", &faults.InvalidError{Field: "attributes.rate", Reason: "-1 is negative"}), func(err error) bool {
			return errors.As(err, &invalidIn) && *invalidIn == faults.InvalidError{Field: "attributes.rate", Reason: "-1 is negative"}
		}},
		"other": {errors.New("disk on fire"), func(err error) bool {
			return !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrExists) && !errors.As(err, &invalidIn)
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
	mesh := &recordedMesh{}
	address := serveControl(t, mesh)
	defer http.DefaultClient.CloseIdleConnections()
	for _, route := range []string{routeOpen, routeGroup, routeUpstream, routeApply, routeLift, routeStats, routeClose, routeTunnel + "?address=127.0.0.1:1", "/", "/else"} {
		for _, authorization := range []string{"", testToken, "Bearer ", "Bearer " + testToken + "x", "Bearer " + testToken[1:], "Basic " + testToken} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+route, strings.NewReader("{}"))
				check(t, err)
				request.Header.Set("Authorization", authorization)
				response, err := http.DefaultClient.Do(request)
				check(t, err)
				_ = response.Body.Close()
				if response.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s %s with %q answers %d", method, route, authorization, response.StatusCode)
				}
			}
		}
	}
	if len(mesh.asked) > 0 || mesh.closed > 0 {
		t.Errorf("the mesh was asked %v, closed %d times", mesh.asked, mesh.closed)
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
			check(t, err)
			request.Header.Set("Authorization", "Bearer "+testToken)
			response, err := http.DefaultClient.Do(request)
			check(t, err)
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			check(t, err)
			if response.StatusCode != c.status {
				t.Errorf("answers %d %s, want %d", response.StatusCode, body, c.status)
			}
		})
	}
}

func TestServeRefusesConfigurationsThatAreNotSafe(t *testing.T) {
	for name, config := range map[string]ServeConfig{
		"no token":            {Control: "127.0.0.1:0"},
		"API to the world":    {Control: "127.0.0.1:0", Token: "t", API: "0.0.0.0:0"},
		"API to the world, 6": {Control: "127.0.0.1:0", Token: "t", API: "[::]:0"},
		"API anywhere":        {Control: "127.0.0.1:0", Token: "t", API: ":0"},
		"API by a name":       {Control: "127.0.0.1:0", Token: "t", API: "example.org:0"},
		"API without a port":  {Control: "127.0.0.1:0", Token: "t", API: "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			var invalid *faults.InvalidError
			err := Serve(t.Context(), config, func(ServeAddresses) { t.Error("started") })
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
			started, ended := make(chan ServeAddresses, 1), make(chan error, 1)
			go func() {
				ended <- Serve(ctx, ServeConfig{Control: "127.0.0.1:0", API: "127.0.0.1:0", Token: testToken}, func(a ServeAddresses) { started <- a })
			}()
			addresses := <-started
			client := NewClient(addresses.Control, testToken, nil)
			defer client.Disconnect()
			echo := listenEcho(t)
			tunnel, err := client.DialVia(ctx, echo)
			check(t, err)
			defer func() { _ = tunnel.Close() }()
			idle, err := net.Dial("tcp", addresses.Control)
			check(t, err)
			defer func() { _ = idle.Close() }()

			check(t, end(cancel, client))
			select {
			case err := <-ended:
				check(t, err)
			case <-time.After(patience):
				t.Fatal("Serve has not returned")
			}
			check(t, tunnel.SetReadDeadline(time.Now().Add(patience)))
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
	check(t, err)
	defer func() { _ = taken.Close() }()
	for name, config := range map[string]ServeConfig{
		"control": {Control: taken.Addr().String(), Token: "t"},
		"API":     {Control: "127.0.0.1:0", API: taken.Addr().String(), Token: "t"},
	} {
		err := Serve(t.Context(), config, func(ServeAddresses) { t.Error("started") })
		if err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
