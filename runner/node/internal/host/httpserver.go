package host

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

var (
	InFlight = NewGauge("squall_in_flight",
		"Requests (statements, for a database) being answered now, waiting ones included.")
	RequestsTotal = NewCounter("squall_requests_total", "Requests (statements) that arrived.")
	ErrorsTotal   = NewCounter("squall_errors_total", "Answers with a status of 500 or more (SQL errors).")
	DegradedTotal = NewCounter("squall_degraded_total",
		"Fallbacks taken, stale answers served, and parallel steps whose parts were not all there.")
	RequestSecondsTotal = NewSeconds("squall_request_seconds_total",
		"Time in the node, summed over answered requests.")
	inFlightSeconds = NewSeconds("squall_in_flight_seconds_total",
		"Requests being answered, integrated over time: its growth in a second is how many there were on average.")
	inFlightAges  = NewGauge("squall_in_flight_age_seconds", "How long the requests being answered now have been, summed.")
	TooLargeTotal = NewCounter("squall_too_large_total", "Requests refused (413) because of their length.")
)

// Limits of every HTTP server of a node.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// MaxBody bounds what a node reads of a body that it needs whole (a message, a copy for the cache, a body to retry).
	MaxBody = 1 << 20
)

// ServeHTTPUntil serves until ctx ends, headers being how long a client may take for those (0: the usual), then drains for grace at most. Requests keep running while it drains.
// What the server answers before there is a request, such as 400 to half a head, is told to early; nil: nobody counts.
func ServeHTTPUntil(ctx context.Context, l net.Listener, h http.Handler, headers, grace time.Duration, early func()) error {
	server := &http.Server{
		Handler:           asked(h),
		ReadHeaderTimeout: cmp.Or(headers, readHeaderTimeout),
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnContext:       withServed,
		ConnState:         servedState,
	}
	if early != nil {
		l = &servedListener{l, early}
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve http: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := shutdown(drain, server); err != nil {
		server.Close() // what did not end in time is cut off
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http: %w", err)
	}
	return nil
}

// How often a server that ends looks whether its connections have: at first, and at most.
const (
	firstDrainLook  = time.Millisecond
	latestDrainLook = 500 * time.Millisecond
)

// shutdown is the server's, which looks at intervals that it draws where no seed reaches. ctx's error: it has not ended in time.
func shutdown(ctx context.Context, server *http.Server) error {
	once, cancel := context.WithCancel(context.Background())
	cancel()
	for wait := firstDrainLook; ; wait = min(2*wait, latestDrainLook) {
		if err := server.Shutdown(once); !errors.Is(err, context.Canceled) {
			return err
		}
		if err := Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// Counted wraps a role's handler with the counts that all roles share.
func (i *Instance) Counted(h func(http.ResponseWriter, *http.Request, Trace)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		if !i.Answering.Enter() {
			return // the node has ended, and with it this connection
		}
		defer i.Answering.Leave()
		RequestsTotal.In(i.Metrics).Add(1)
		InFlight.In(i.Metrics).Add(1)
		i.Metrics.Stays.Enter(began)
		watched := &StatusWriter{ResponseWriter: w}
		client := r.Context()
		c := i.receive(i.TraceOf(r.Header), r.Method, pathOf(r), began)
		defer func() {
			now := time.Now()
			InFlight.In(i.Metrics).Add(-1)
			RequestSecondsTotal.In(i.Metrics).Add(int64(now.Sub(began)))
			i.Metrics.Stays.Leave(began, now)
			i.answered(c, watched, client, now)
			if watched.Status >= http.StatusInternalServerError {
				ErrorsTotal.In(i.Metrics).Add(1)
			}
		}()
		if i.Config.Node.Policy.Deadline == Propagate {
			bounded, cancel := i.withDeadline(r)
			defer cancel()
			r = bounded
		}
		h(watched, r, c)
	})
}

// Routed serves what a mux takes, and counts what it does not take, which has come all the same.
func (i *Instance) Routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if mux.ServeHTTP(w, r); r.Pattern == "" {
			i.CountUnserved() // before the answer leaves: it is sent when this returns
		}
	})
}

// CountUnserved counts a request that came and was answered at once because nothing here takes it, or it was none.
func (i *Instance) CountUnserved() {
	now := time.Now()
	RequestsTotal.In(i.Metrics).Add(1)
	i.Metrics.Stays.Enter(now)
	i.Metrics.Stays.Leave(now, now)
}

// StatusWriter remembers the status that was answered.
type StatusWriter struct {
	http.ResponseWriter
	Status int
}

func (w *StatusWriter) WriteHeader(status int) {
	if status >= http.StatusOK { // others only come before the answer
		w.Status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the flusher below.
func (w *StatusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Refuse answers with a status and says why, as JSON.
func (i *Instance) Refuse(w http.ResponseWriter, status int, why string) {
	body, err := json.Marshal(map[string]string{"node": i.Config.Instance, "error": why})
	if err != nil {
		body = []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) //nolint:errcheck // a client that left reads nothing
}

// Handler answers a request, whose cause is known.
type Handler = func(http.ResponseWriter, *http.Request, Trace)
