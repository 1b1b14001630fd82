package remote

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
)

// controlServer answers the control API for a mesh: HTTP/1.1 with JSON, a bearer token on every route.
type controlServer struct {
	control mesh.Control
	token   [sha256.Size]byte
	// open counts tunnels.
	open sync.WaitGroup
	// closed is closed when a client has asked for the end of the mesh.
	closed    chan struct{}
	closeOnce sync.Once
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
}

func newControlServer(control mesh.Control, token string) *controlServer {
	return &controlServer{
		control: control,
		token:   sha256.Sum256([]byte(token)),
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
	mux.Handle("POST "+routeLift, methodRoute(func(ctx context.Context, l liftRequest) (any, error) {
		return s.control.Lift(ctx, l.ID)
	}))
	mux.Handle("POST "+routeClose, methodRoute(func(context.Context, struct{}) (struct{}, error) {
		defer s.closeOnce.Do(func() { close(s.closed) })
		return struct{}{}, s.control.Close()
	}))
	mux.HandleFunc("GET "+routeStats, func(w http.ResponseWriter, r *http.Request) {
		edges, err := s.control.Stats(r.Context())
		writeAnswer(w, statsAnswer{Edges: edges}, err)
	})
	mux.HandleFunc("GET "+routeTunnel, func(w http.ResponseWriter, r *http.Request) { s.tunnel(tunnels, w, r) })
	return s.authenticated(mux)
}

// authenticated lets requests with the token through. Comparing hashes takes the same time
// wherever the first wrong byte is, and however long the token is.
func (s *controlServer) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		sum := sha256.Sum256([]byte(token))
		if subtle.ConstantTimeCompare(sum[:], s.token[:]) != 1 || !bearer {
			writeAnswer(w, nil, errDenied)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// methodRoute makes a route of a method: the body decoded, the answer or the error encoded.
func methodRoute[Q, A any](method func(context.Context, Q) (A, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question Q
		if err := decodeBody(w, r, &question); err != nil {
			writeAnswer(w, nil, err)
			return
		}
		result, err := method(r.Context(), question)
		writeAnswer(w, result, err)
	})
}

// decodeBody reads one JSON value and nothing after it, with no unknown field: both ends are the
// same binary, so anything else is a mistake.
func decodeBody(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return bodyError(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return faults.Invalid("body", "more follows the JSON value")
	}
	return nil
}

// bodyError tells a body that is too large from one that is wrong.
func bodyError(err error) error {
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return fmt.Errorf("read the request: it is larger than %d bytes: %w", tooLarge.Limit, err)
	}
	return faults.Invalid("body", "%s", err)
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
