package node

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
	inFlight = newGauge("squall_in_flight",
		"Requests (statements, for a database) being answered now, waiting ones included.")
	requestsTotal = newCounter("squall_requests_total", "Requests (statements) that arrived.")
	errorsTotal   = newCounter("squall_errors_total", "Answers with a status of 500 or more (SQL errors).")
	degradedTotal = newCounter("squall_degraded_total",
		"Fallbacks taken, stale answers served, and parallel steps whose parts were not all there.")
	requestSecondsTotal = newSeconds("squall_request_seconds_total",
		"Time in the node, summed over answered requests.")
	tooLargeTotal = newCounter("squall_too_large_total", "Requests refused (413) because of their length.")
)

// Limits of every HTTP server of a node.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// maxBody bounds what a node reads of a body that it needs whole (a message, a copy for the cache, a body to retry).
	maxBody = 1 << 20
)

// serveHTTP serves until ctx ends, headers being how long a client may take for those (0: the usual), then drains for grace at most. Requests keep running while it drains.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, headers, grace time.Duration) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: cmp.Or(headers, readHeaderTimeout),
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
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
	if err := server.Shutdown(drain); err != nil {
		server.Close() // what did not end in time is cut off
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http: %w", err)
	}
	return nil
}

// counted wraps a role's handler with the counts that all roles share.
func (i *instance) counted(h func(http.ResponseWriter, *http.Request, cause)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		if !i.answering.enter() {
			return // the node has ended, and with it this connection
		}
		defer i.answering.leave()
		requestsTotal.in(i.metrics).Add(1)
		inFlight.in(i.metrics).Add(1)
		watched := &statusWriter{ResponseWriter: w}
		defer func() {
			inFlight.in(i.metrics).Add(-1)
			requestSecondsTotal.in(i.metrics).Add(int64(time.Since(began)))
			if watched.status >= http.StatusInternalServerError {
				errorsTotal.in(i.metrics).Add(1)
			}
		}()
		if i.config.Node.Policy.Deadline == propagate {
			bounded, cancel := i.heed(r)
			defer cancel()
			r = bounded
		}
		h(watched, r, i.causeOf(r.Header))
	})
}

// statusWriter remembers the status that was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if status >= http.StatusOK { // others only come before the answer
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the flusher below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// refuse answers with a status and says why, as JSON.
func (i *instance) refuse(w http.ResponseWriter, status int, why string) {
	body, err := json.Marshal(map[string]string{"node": i.config.Instance, "error": why})
	if err != nil {
		body = []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) //nolint:errcheck // a client that left reads nothing
}

// handler answers a request, whose cause is known.
type handler = func(http.ResponseWriter, *http.Request, cause)
