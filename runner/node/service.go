package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// service answers its endpoints by carrying out their steps in order. A request holds one worker from
// its first step to its last, so a slow dependency takes workers away from every endpoint.
type service struct {
	i       *instance
	workers *workers
	stores  *stores
}

func newService(i *instance) (role, error) {
	s := &service{i: i, workers: newWorkers(i.config.Node.Workers, i.config.Node.Queue, i.metrics), stores: newStores(i)}
	mux := http.NewServeMux()
	for _, e := range i.config.Node.Endpoints {
		steps, err := s.compile(e.Steps)
		if err != nil {
			return nil, fmt.Errorf("endpoint %q: %w", e.Match, err)
		}
		if err := register(mux, e.Match, i.counted(s.endpoint(e.Match, steps))); err != nil {
			return nil, err
		}
	}
	return &httpRole{i: i, handler: mux, closing: s.stores.close}, nil
}

// register turns ServeMux's panic about a bad or conflicting pattern into an error.
func register(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("endpoint %q: %v", pattern, r)
		}
	}()
	mux.Handle(pattern, h)
	return nil
}

func (s *service) endpoint(match string, steps []step) func(http.ResponseWriter, *http.Request, cause) {
	return func(w http.ResponseWriter, r *http.Request, c cause) {
		if status, fails := s.i.errs(c); fails {
			s.i.refuse(w, status, "injected error")
			return
		}
		if err := s.workers.acquire(r.Context()); err != nil {
			status := statusGone(r.Context())
			if errors.Is(err, errShed) {
				status = http.StatusServiceUnavailable
			}
			s.i.refuse(w, status, err.Error())
			return
		}
		defer s.workers.release()
		v := &visit{service: s, request: r, cause: c, base: c.step(match), status: http.StatusOK}
		f := v.run(r.Context(), steps)
		if f == nil && r.Context().Err() != nil {
			s.i.metrics.wasted.Add(1)
		}
		if f == nil && s.i.slow(r.Context()) != nil {
			return
		}
		v.answer(w, f)
	}
}

// answer writes what the visit came to; acknowledged writes are named whether it succeeded or not.
func (v *visit) answer(w http.ResponseWriter, f *failure) {
	i, h := v.service.i, w.Header()
	if len(v.wrote) > 0 {
		h.Set(HeaderWrote, strings.Join(v.wrote, ","))
	}
	if f != nil {
		i.refuse(w, f.status, f.Error())
		return
	}
	answer := map[string]string{"node": i.config.Instance, "request": v.cause.request}
	if len(v.degraded) > 0 {
		why := headerText(strings.Join(v.degraded, "; "))
		h.Set(HeaderDegraded, why)
		answer["degraded"] = why
	}
	body, err := json.Marshal(answer)
	if err != nil {
		i.refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(v.status)
	w.Write(append(body, '\n')) //nolint:errcheck // a client that left reads nothing
}
