package remote

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/names"
)

// The routes of the control API, one a method of Control, and the tunnel. All but stats, space, clock,
// changes and tunnel are POST with a JSON body; every answer is JSON.
const (
	routeOpen     = "/v1/open"
	routeGroup    = "/v1/group"
	routeUpstream = "/v1/upstream"
	routeApply    = "/v1/apply"
	routePrepare  = "/v1/prepare"
	routeCommit   = "/v1/commit"
	routeLift     = "/v1/lift"
	routeClock    = "/v1/clock"
	routeStats    = "/v1/stats"
	routeSpace    = "/v1/space"
	routeNames    = "/v1/names"
	routeLookups  = "/v1/lookups"
	routeChanges  = "/v1/changes"
	routeClose    = "/v1/close"
	routeTunnel   = "/v1/tunnel"
)

const (
	// maxRequest bounds what a control server reads: 10,000 edges with long names are 3 MB.
	maxRequest = 16 << 20
	// maxAnswer bounds what a client reads.
	maxAnswer = 64 << 20
	// tunnelProtocol is what a connection is upgraded to.
	tunnelProtocol = "squall-tunnel"
)

type openMessage struct {
	Edges []mesh.Edge `json:"edges"`
}

type groupAnswer struct {
	Listen string `json:"listen"`
}

type upstreamRequest struct {
	Edge    string `json:"edge"`
	Address string `json:"address"`
}

type applyRequest struct {
	ID         string             `json:"id"`
	Primitives []faults.Primitive `json:"primitives"`
}

type commitRequest struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// timeAnswer is a time by the mesh's clock.
type timeAnswer struct {
	At time.Time `json:"at"`
}

type liftRequest struct {
	ID string    `json:"id"`
	At time.Time `json:"at,omitzero"`
}

type liftAnswer struct {
	Receipt faults.Receipt `json:"receipt"`
	At      time.Time      `json:"at,omitzero"`
}

type namesRequest struct {
	Listen  string                 `json:"listen"`
	Entries map[string]names.Entry `json:"entries"`
}

type lookupsRequest struct {
	Listen string                       `json:"listen"`
	Names  map[string]faults.NameLookup `json:"names"`
}

type lookupsAnswer struct {
	Count int64 `json:"count"`
}

type changesAnswer struct {
	Changes []mesh.Change `json:"changes"`
}

type statsAnswer struct {
	Edges []mesh.EdgeStats `json:"edges"`
}

// errorAnswer carries an error with its kind, so that it is the same error on both sides.
type errorAnswer struct {
	Kind  errorKind `json:"kind"`
	Error string    `json:"error"`
	// Field and Reason are an *faults.InvalidError's.
	Field  string `json:"field,omitempty"`
	Reason string `json:"reason,omitempty"`
}

type errorKind string

const (
	kindNotFound    errorKind = "not_found"
	kindExists      errorKind = "exists"
	kindInvalid     errorKind = "invalid"
	kindClosed      errorKind = "closed"
	kindDeadline    errorKind = "deadline"
	kindDenied      errorKind = "denied"
	kindUnreachable errorKind = "unreachable"
	kindInternal    errorKind = "internal"
)

// errDenied is a wrong or a missing token.
var errDenied = errors.New("access denied: the token is wrong")

// unreachableError is an address that the mesh could not connect a tunnel to.
type unreachableError struct{ cause error }

func (e *unreachableError) Error() string { return e.cause.Error() }
func (e *unreachableError) Unwrap() error { return e.cause }

// encodeError gives an error its kind and its HTTP status.
func encodeError(err error) (int, errorAnswer) {
	var (
		invalid     *faults.InvalidError
		tooLarge    *http.MaxBytesError
		unreachable *unreachableError
		status      = http.StatusInternalServerError
		kind        = kindInternal
	)
	switch {
	case errors.Is(err, mesh.ErrNotFound):
		status, kind = http.StatusNotFound, kindNotFound
	case errors.Is(err, mesh.ErrExists):
		status, kind = http.StatusConflict, kindExists
	case errors.As(err, &invalid):
		status, kind = http.StatusBadRequest, kindInvalid
	case errors.As(err, &tooLarge):
		status, kind = http.StatusRequestEntityTooLarge, kindInvalid
	case errors.Is(err, errDenied):
		status, kind = http.StatusUnauthorized, kindDenied
	case errors.As(err, &unreachable):
		status, kind = http.StatusBadGateway, kindUnreachable
	case errors.Is(err, mesh.ErrClosed):
		status, kind = http.StatusServiceUnavailable, kindClosed
	case errors.Is(err, context.DeadlineExceeded):
		status, kind = http.StatusGatewayTimeout, kindDeadline
	}
	encoded := errorAnswer{Kind: kind, Error: err.Error()}
	if invalid != nil {
		encoded.Field, encoded.Reason = invalid.Field, invalid.Reason
	}
	return status, encoded
}

// remoteError is an error that another process met: its words, and the error of ours that it is.
type remoteError struct {
	message string
	kind    error
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.kind }

// decodeError makes the error again that encodeError was given: errors.Is and errors.As answer
// alike for every kind that callers tell apart.
func decodeError(a errorAnswer) error {
	switch a.Kind {
	case kindNotFound:
		return &remoteError{a.Error, mesh.ErrNotFound}
	case kindExists:
		return &remoteError{a.Error, mesh.ErrExists}
	case kindInvalid:
		return &remoteError{a.Error, &faults.InvalidError{Field: a.Field, Reason: a.Reason}}
	case kindClosed:
		return &remoteError{a.Error, mesh.ErrClosed}
	case kindDeadline:
		return &remoteError{a.Error, context.DeadlineExceeded}
	case kindDenied:
		return &remoteError{a.Error, errDenied}
	default:
		return errors.New(a.Error)
	}
}
