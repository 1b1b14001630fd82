package conductor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
)

var (
	// ErrNotYet is part of the error of a run that takes no orders yet.
	ErrNotYet = errors.New("it takes no orders yet")
	// ErrOver is part of the error of a run that takes none any more.
	ErrOver = errors.New("it is over")
)

// Steering is how a run is told what to do whose conductor is in a cluster: by its own control, which stays on the loopback address of its pod and is
// reached by way of the API server.
type Steering struct {
	// Address is where it answers there, with the run's token.
	Address control.Address
	// Dial connects to a port of the pod's loopback address.
	Dial func(ctx context.Context, port int) (net.Conn, error)
}

// mostAddress bounds what is read of where a control answers.
const mostAddress = 64 << 10

// Steer finds a run's control.
func (r *Run) Steer(ctx context.Context) (*Steering, error) {
	s, err := r.steer(ctx)
	if err != nil {
		return nil, fmt.Errorf("steer run %s: %w", r.ID, err)
	}
	return s, nil
}

func (r *Run) steer(ctx context.Context) (*Steering, error) {
	p, there, err := r.pod(ctx)
	if err != nil {
		return nil, err
	}
	state := stateOf(p)
	switch {
	case state.Terminated != nil:
		return nil, fmt.Errorf("%w, with exit code %d; `squall attach` fetches what there is of it", ErrOver, state.Terminated.ExitCode)
	case !there:
		if err := r.refused(ctx); err != nil {
			return nil, err
		}
		fallthrough
	case state.Running == nil:
		return nil, fmt.Errorf("%w: its conductor %s", ErrNotYet, r.lacks(ctx, p, there))
	}
	answer, err := r.askOf(ctx, p, http.MethodGet, "/control")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	s := &Steering{Dial: func(ctx context.Context, port int) (net.Conn, error) { return r.dial(p, port)(ctx) }}
	if err := json.NewDecoder(io.LimitReader(answer.Body, mostAddress)).Decode(&s.Address); err != nil {
		return nil, fmt.Errorf("read where its control answers: %w", err)
	}
	return s, nil
}

// Await is Steer of a run that is yet to begin, maybe: it waits until the run takes orders, or is known not to any more.
func (r *Run) Await(ctx context.Context) (*Steering, error) {
	for {
		s, err := r.Steer(ctx)
		_, none := errors.AsType[*NotBegun](err)
		refused := errors.Is(err, ErrRefused) && !errors.Is(err, ErrNotYet)
		if err == nil || none || refused || errors.Is(err, ErrOver) || errors.Is(err, ErrNotKept) || errors.Is(err, apiserver.ErrForbidden) {
			return s, err
		}
		if err := rest(ctx, look); err != nil {
			return nil, err
		}
	}
}

// Client asks the run's control.
func (s *Steering) Client() (*control.Client, error) {
	at, err := url.Parse(s.Address.URL)
	if err != nil {
		return nil, fmt.Errorf("read where the run's control answers: %w", err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		return nil, fmt.Errorf("the run's control answers at %q, which has no port", at.Host)
	}
	return s.Address.Client(control.Through(func(ctx context.Context) (net.Conn, error) { return s.Dial(ctx, port) })), nil
}

// Stop has a run end before its time, as `squall ctl abort` of somebody does: everything is undone, and there is a record of what was until then. A run
// that has not begun is removed, which is told.
func (r *Run) Stop(ctx context.Context, who string) (removed bool, err error) {
	s, err := r.Steer(ctx)
	_, none := errors.AsType[*NotBegun](err)
	switch {
	case errors.Is(err, ErrOver):
		return false, nil
	case none || errors.Is(err, ErrNotYet):
		return true, r.Remove(ctx)
	case err != nil:
		return false, err
	}
	c, err := s.Client()
	if err == nil {
		_, err = c.Do(ctx, "abort", control.Asked{Who: who, Text: "squall attach --stop"})
	}
	if err != nil {
		return false, fmt.Errorf("stop run %s: %w", r.ID, err)
	}
	return false, nil
}
