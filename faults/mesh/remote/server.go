package remote

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/ask"
)

// controlServer answers the control API for a mesh: HTTP/1.1 with JSON, a bearer token on every route.
type controlServer struct {
	control mesh.Scheduled
	token   string
	// open counts tunnels.
	open sync.WaitGroup
	// names are the resolvers of callers that know names alone.
	names resolvers
	// closed is closed when a client has asked for the end of the mesh.
	closed    chan struct{}
	closeOnce sync.Once
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
}

func newControlServer(control mesh.Scheduled, token string) *controlServer {
	return &controlServer{
		control: control,
		token:   token,
		closed:  make(chan struct{}),
		dial:    (&net.Dialer{}).DialContext,
	}
}

// handler is the routes behind the token. Every tunnel ends when tunnels does.
func (s *controlServer) handler(tunnels context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+routeOpen, methodRoute(func(ctx context.Context, m openMessage) (openMessage, error) {
		edges, err := s.control.Open(ctx, m.Edges)
		return openMessage{Edges: edges}, err
	}))
	mux.Handle("POST "+routeGroup, methodRoute(func(ctx context.Context, g mesh.Group) (groupAnswer, error) {
		listen, err := s.control.OpenGroup(ctx, g)
		return groupAnswer{Listen: listen}, err
	}))
	mux.Handle("POST "+routeUpstream, methodRoute(func(ctx context.Context, u upstreamRequest) (struct{}, error) {
		return struct{}{}, s.control.SetUpstream(ctx, u.Edge, u.Address)
	}))
	mux.Handle("POST "+routeApply, methodRoute(func(ctx context.Context, a applyRequest) (struct{}, error) {
		return struct{}{}, s.control.Apply(ctx, a.ID, a.Primitives)
	}))
	mux.Handle("POST "+routePrepare, methodRoute(func(ctx context.Context, a applyRequest) (struct{}, error) {
		return struct{}{}, s.control.Prepare(ctx, a.ID, a.Primitives)
	}))
	mux.Handle("POST "+routeCommit, methodRoute(func(ctx context.Context, c commitRequest) (timeAnswer, error) {
		at, err := s.control.Commit(ctx, c.ID, c.At)
		return timeAnswer{at}, err
	}))
	mux.Handle("POST "+routeLift, methodRoute(func(ctx context.Context, l liftRequest) (liftAnswer, error) {
		receipt, at, err := s.control.LiftAt(ctx, l.ID, l.At)
		return liftAnswer{receipt, at}, err
	}))
	mux.HandleFunc("GET "+routeClock, func(w http.ResponseWriter, r *http.Request) {
		at, err := s.control.Clock(r.Context())
		writeAnswer(w, timeAnswer{at}, err)
	})
	mux.Handle("POST "+routeClose, methodRoute(func(context.Context, struct{}) (struct{}, error) {
		defer s.closeOnce.Do(func() { close(s.closed) })
		return struct{}{}, s.control.Close()
	}))
	mux.HandleFunc("GET "+routeStats, func(w http.ResponseWriter, r *http.Request) {
		edges, err := s.control.Stats(r.Context())
		writeAnswer(w, statsAnswer{Edges: edges}, err)
	})
	mux.HandleFunc("GET "+routeSpace, s.space)
	mux.Handle("POST "+routeNames, methodRoute(s.names.open))
	mux.Handle("POST "+routeLookups, methodRoute(s.names.set))
	mux.HandleFunc("GET "+routeLookups, s.names.count)
	mux.HandleFunc("GET "+routeChanges, s.changes)
	mux.HandleFunc("GET "+routeTunnel, func(w http.ResponseWriter, r *http.Request) { s.tunnel(tunnels, w, r) })
	return ask.Guarded(s.token, func(w http.ResponseWriter, _ *http.Request) { writeAnswer(w, nil, errDenied) }, mux)
}

// changes waits for changes for a bounded time, so that a client that has gone costs nothing for long.
func (s *controlServer) changes(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		writeAnswer(w, nil, faults.Invalid("after", "%s", err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), changesTimeout)
	defer cancel()
	changes, err := s.control.Changes(ctx, after)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // there are none yet
	}
	writeAnswer(w, changesAnswer{Changes: changes}, err)
}

// methodRoute makes a route of a method: the body decoded, the answer or the error encoded.
func methodRoute[Q, A any](method func(context.Context, Q) (A, error)) http.Handler {
	return ask.Method(maxRequest, method, func(w http.ResponseWriter, result any, err error) {
		if wrong := (*ask.BodyError)(nil); errors.As(err, &wrong) {
			err = faults.Invalid("body", "%s", wrong.Reason)
		}
		writeAnswer(w, result, err)
	})
}

// writeAnswer writes a result, or an error with its kind and status.
func writeAnswer(w http.ResponseWriter, result any, err error) {
	status := http.StatusOK
	if err != nil {
		status, result = encodeAny(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A caller that is gone can't be told anything.
	_ = json.NewEncoder(w).Encode(result)
}

func encodeAny(err error) (int, any) {
	status, body := encodeError(err)
	return status, body
}
