// Package service is the service role: endpoints that carry out their steps.
package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/amqp"
	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/kafka"
	"github.com/squallhq/squall/runner/node/internal/mysql"
	"github.com/squallhq/squall/runner/node/internal/nats"
	"github.com/squallhq/squall/runner/node/internal/redis"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var wastedTotal = host.NewCounter("squall_wasted_total",
	"Requests whose steps were all done when their caller had left.")

// service answers its endpoints by carrying out their steps in order. A request holds one worker from
// its first step to its last, so a slow dependency takes workers away from every endpoint.
type service struct {
	i       *host.Instance
	workers *admission.Workers
	stores  *store.Stores
	mysql   *mysql.Rows
	redis   *redis.Caches
	amqp    *amqp.Queues
	nats    *nats.Queues
	kafka   *kafka.Queues
	// caches are those of reads, by the database; filled while the service is built, and not touched after.
	caches map[string][]*readCache
	// reads are the same by endpoint, database and number; compiling is the endpoint whose steps are being compiled.
	reads     map[string]*readCache
	compiling string
	// popping: the step that takes a message is among those of it that are compiled.
	popping bool
	// shared are those in cache nodes, one for each node, by the database.
	shared map[string][]*sharedCache
	// relays publish what is in the outboxes of databases, by the database.
	relays map[string]*relays
}

func New(i *host.Instance) (host.Role, error) {
	s := &service{
		i: i, workers: admission.WorkersOf(i), stores: store.StoresOf(i), mysql: mysql.RowsOf(i), redis: redis.CachesOf(i), amqp: amqp.QueuesOf(i), nats: nats.QueuesOf(i), kafka: kafka.QueuesOf(i),
		caches: make(map[string][]*readCache),
		reads:  make(map[string]*readCache), shared: make(map[string][]*sharedCache),
		relays: make(map[string]*relays),
	}
	mux, most := http.NewServeMux(), admission.AdaptiveLimitOf(i, i.Config.Node.Shed)
	for _, e := range i.Config.Node.Endpoints {
		s.compiling, s.popping = e.Match, false
		steps, err := s.compile(e.Steps)
		if err != nil {
			return nil, fmt.Errorf("endpoint %q: %w", e.Match, err)
		}
		if err := register(mux, e.Match, i.Counted(admission.Shed(i, most, s.endpoint(e.Match, steps)))); err != nil {
			return nil, err
		}
	}
	s.keepReads()
	relaying := s.relaying()
	return host.NewHTTPRole(i, s.nats.Accounting(direct(i, mux)), func() error {
		relaying.stop()
		return errors.Join(s.stores.Close(), s.mysql.Close(), s.redis.Close(), s.amqp.Close(), s.nats.Close(), s.kafka.Close())
	}), nil
}

// direct answers 404 where ServeMux would redirect to a path that has an endpoint: a redirect that nobody declared is a
// request that nobody served.
func direct(i *host.Instance, mux *http.ServeMux) http.Handler {
	served := i.Routed(mux)
	subtrees := slices.ContainsFunc(i.Config.Node.Endpoints, func(e *scenarios.Endpoint) bool { return strings.HasSuffix(e.Match, "/") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtrees || strings.Contains(r.URL.Path, "//") || strings.Contains(r.URL.Path, "/.") {
			if h, _ := mux.Handler(r); wire.PathRedirect(h) {
				http.NotFound(w, r)
				i.CountUnserved()
				return
			}
		}
		served.ServeHTTP(w, r)
	})
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

func (s *service) endpoint(match string, steps []step) func(http.ResponseWriter, *http.Request, host.Trace) {
	return func(w http.ResponseWriter, r *http.Request, c host.Trace) {
		if status, fails := s.i.InjectedError(c); fails {
			s.i.Refuse(w, status, "injected error")
			return
		}
		ctx, end := s.attention(r.Context())
		defer end()
		if err := s.workers.Acquire(ctx, r.Header.Get(wire.HeaderPriority) == "low"); err != nil {
			status := call.StatusGone(r.Context())
			if errors.Is(err, admission.ErrShed) || errors.Is(err, admission.ErrWaited) {
				status = http.StatusServiceUnavailable
			}
			s.i.NeverStarts(c)
			s.i.Refuse(w, status, err.Error())
			return
		}
		s.i.Starts(c)
		defer s.workers.Release()
		if r.Header.Get(wire.HeaderTied) != "" {
			w.WriteHeader(http.StatusEarlyHints)
		}
		v := &request{service: s, request: r, Trace: c, base: c.Step(match), status: http.StatusOK}
		f := v.run(ctx, steps)
		v.settle(ctx, f)
		if f == nil && r.Context().Err() != nil {
			wastedTotal.In(s.i.Metrics).Add(1)
		}
		if f == nil && s.i.Slow(ctx) != nil {
			return
		}
		v.answer(w, f)
	}
}

// attention is how long a request is cared about: until its client leaves, or to the end where the
// service does not notice that. end gives up what attention took.
func (s *service) attention(client context.Context) (ctx context.Context, end func()) {
	if s.i.Config.Node.Abandoned != scenarios.AbandonedServe {
		return client, func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(client))
	go func() {
		select {
		case <-s.i.Halt:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// answer writes what the visit came to; acknowledged writes are named whether it succeeded or not.
func (v *request) answer(w http.ResponseWriter, f *call.Failure) {
	i, h := v.service.i, w.Header()
	v.mu.Lock() // parts of a parallel step that were given up may still end
	defer v.mu.Unlock()
	if len(v.wrote) > 0 {
		h.Set(wire.HeaderWrote, strings.Join(v.wrote, ","))
	}
	v.tellPositions(h)
	if f != nil {
		i.Refuse(w, f.Status, f.Error())
		return
	}
	if v.failover != "" {
		h.Set(wire.HeaderFailover, v.failover)
	}
	if len(v.degraded) > 0 {
		h.Set(wire.HeaderDegraded, v.whyDegraded())
	}
	var line []byte // in place of a content
	if v.content != nil {
		v.content.head(h, v.value)
	} else if v.status != http.StatusNoContent {
		h.Set("Content-Type", "application/json")
		line = v.whoAnswers()
	}
	if v.caching != "" {
		h.Set("Cache-Control", v.caching)
	}
	if wire.Redirect(v.status) {
		h.Set(wire.HeaderRedirect, "meant")
	}
	w.WriteHeader(v.status)
	if v.content != nil {
		v.content.write(w, v.value)
		return
	}
	w.Write(line) //nolint:errcheck // a client that left reads nothing
}

// whoAnswers is the line that is answered where no step says what is.
func (v *request) whoAnswers() []byte {
	answer := map[string]string{"node": v.service.i.Config.Instance, "request": v.Trace.Request}
	if len(v.degraded) > 0 {
		answer["degraded"] = v.whyDegraded()
	}
	line, _ := json.Marshal(answer) // it can't fail: they are texts
	return append(line, '\n')
}

func (v *request) whyDegraded() string { return headerText(strings.Join(v.degraded, "; ")) }

// headerText makes words fit for a header: one line, printable, not endless.
func headerText(s string) string {
	const most = 512
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, s)
	if len(s) > most {
		s = s[:most]
	}
	return s
}
