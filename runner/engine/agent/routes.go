package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/internal/ask"
	"github.com/squallhq/squall/runner/engine/health"
)

const (
	// maxOrder bounds what is read of an order: a node's configuration.
	maxOrder = 16 << 20
	// eventsTimeout is how long one question for events waits for some.
	eventsTimeout = 10 * time.Second
)

func signalNumber(name string) int { return int(unix.SignalNum(name)) }

// handler is the routes behind the token.
func (a *agent) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+routeStart, order(a.start))
	mux.Handle("POST "+routeKill, order(a.kill))
	mux.Handle("POST "+routeStop, order(a.stop))
	mux.Handle("POST "+routePause, order(a.pause))
	mux.Handle("POST "+routeResume, order(a.resume))
	mux.Handle("POST "+routeAgain, order(a.restart))
	mux.Handle("POST "+routeSignal, order(a.signal))
	mux.Handle("POST "+routeLimit, order(a.limit))
	mux.Handle("POST "+routeHealth, order(a.awaitHealth))
	mux.Handle("POST "+routeRun, order(func(ctx context.Context, r command) (said, error) {
		words, err := a.run(ctx, r.Words, r.Most, fmt.Errorf("it had not ended after %s: %w", r.Most, context.DeadlineExceeded))
		return said{words}, err
	}))
	mux.HandleFunc("GET "+routeState, func(w http.ResponseWriter, _ *http.Request) { answer(w, a.state(), nil) })
	mux.HandleFunc("GET "+routeClock, func(w http.ResponseWriter, _ *http.Request) { answer(w, clock{time.Now()}, nil) })
	mux.HandleFunc("GET "+routeEvents, a.tellEvents)
	mux.HandleFunc("GET "+routeLogs, a.tellLog)
	return ask.Guarded(a.config.Token, func(w http.ResponseWriter, _ *http.Request) { answer(w, nil, errDenied) }, mux)
}

// command is an order to run one beside the instance, said what it said.
type (
	command struct {
		Words []string      `json:"words"`
		Most  time.Duration `json:"most"`
	}
	said struct {
		Words string `json:"words"`
	}
	clock struct {
		Now time.Time `json:"now"`
	}
)

func order[Q, A any](method func(context.Context, Q) (A, error)) http.Handler {
	return ask.Method(maxOrder, method, answer)
}

// tellEvents waits for events for a bounded time, so that a client that has gone costs nothing for long.
func (a *agent) tellEvents(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		answer(w, nil, fmt.Errorf("%w: after: %w", errInvalid, err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), eventsTimeout)
	defer cancel()
	events, err := a.events.after(ctx, after)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // there are none yet
	}
	answer(w, events, err)
}

// headerFrom says at which byte the log that follows begins: what was before is not kept any more.
const headerFrom = "Squall-From"

// tellLog tells what the instance says, from a byte on, as it says it.
func (a *agent) tellLog(w http.ResponseWriter, r *http.Request) {
	from, err := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	if err != nil || from < 0 {
		answer(w, nil, fmt.Errorf("%w: from: %q is no byte's number", errInvalid, r.URL.Query().Get("from")))
		return
	}
	control := http.NewResponseController(w)
	_, begins, _ := a.log.at(from)
	w.Header().Set(headerFrom, strconv.FormatInt(begins, 10))
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_ = control.Flush() // what can't be flushed can't be written
	_ = a.log.follow(r.Context(), begins, func(data []byte) error {
		_ = control.SetWriteDeadline(time.Now().Add(orderTimeout)) // who takes nothing is cut off
		if _, err := w.Write(data); err != nil {
			return err
		}
		return control.Flush()
	})
}

// awaitHealth waits until the instance is healthy, and gives up when it ends.
func (a *agent) awaitHealth(ctx context.Context, q Look) (struct{}, error) {
	l, err := a.running()
	if err != nil {
		return struct{}{}, err
	}
	dial := func(ctx context.Context, address string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	target := health.Target{
		Node: q.Node, Address: q.Address, Admin: q.Admin, Client: client, Dial: dial,
		Test: func(ctx context.Context) error { return l.tests.Ready(ctx, *q.Node.Readiness) },
	}
	err = health.Await(ctx, l.ended, target.Look)
	if errors.Is(err, health.ErrEnded) {
		err = fmt.Errorf("%w: %w: %s", ErrNotRunning, err, l.exit.how())
	}
	return struct{}{}, err
}

// failure carries an error with its kind, so that it is the same error on both sides.
type failure struct {
	Kind  string `json:"kind"`
	Error string `json:"error"`
}

// errDenied is a wrong or a missing token.
var errDenied = errors.New("access denied: the token is wrong")

// kinds are the errors that whoever gives an order tells apart, each with its word and its status.
var kinds = []struct {
	word   string
	status int
	is     error
}{
	{"denied", http.StatusUnauthorized, errDenied},
	{"running", http.StatusConflict, ErrRunning},
	{"not running", http.StatusConflict, ErrNotRunning},
	{"ending", http.StatusServiceUnavailable, ErrEnding},
	{"unsupported", http.StatusNotImplemented, errors.ErrUnsupported},
	{"invalid", http.StatusBadRequest, errInvalid},
	{"deadline", http.StatusGatewayTimeout, context.DeadlineExceeded},
}

const never = "never ready"

// answer writes a result, or an error with its kind and status.
func answer(w http.ResponseWriter, result any, err error) {
	status := http.StatusOK
	if err != nil {
		var words failure
		status, words = failed(err)
		result = words
	}
	w.Header().Set("Content-Type", "application/json")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(orderTimeout))
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result) // a caller that is gone can't be told anything
}

func failed(err error) (int, failure) {
	if n := (*health.NeverReady)(nil); errors.As(err, &n) {
		return http.StatusConflict, failure{never, n.Why}
	}
	if wrong := (*ask.BodyError)(nil); errors.As(err, &wrong) {
		err = fmt.Errorf("%w: %w", errInvalid, err)
	}
	for _, k := range kinds {
		if errors.Is(err, k.is) {
			return k.status, failure{k.word, err.Error()}
		}
	}
	return http.StatusInternalServerError, failure{"internal", err.Error()}
}
