package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/runner/node/internal/taken"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

var (
	workSecondsTotal    = host.NewSeconds("squall_work_seconds_total", "Time spent in work steps.")
	computeSecondsTotal = host.NewSeconds("squall_compute_seconds_total", "CPU time used by compute steps.")
)

// step is one compiled step of an endpoint.
type step struct {
	// name places it in its endpoint: "0", "1", "1.0" within a parallel, "1f" for a fallback.
	name string
	run  func(ctx context.Context, v *request, c host.Trace) *call.Failure
}

// request is one request to a service while it is answered. Parallel steps share it.
type request struct {
	service *service
	request *http.Request
	Trace   host.Trace // as it arrived
	base    host.Trace // that of the endpoint's steps

	mu       sync.Mutex
	status   int
	caching  string   // the answer's Cache-Control
	content  *content // nil: a line that says who answered
	ended    bool     // no further step is done
	wrote    []string // NODE/ID, each once
	degraded []string
	failover string // the node that answered in another one's place
	// positions is nil until something is known of where the user has written.
	positions *positionsOf
	stale     []string          // replicas
	rows      map[string]string // of rows that have events: the last id, by the database
	// popped is the message that it has taken; nil: none.
	popped atomic.Pointer[taken.Message]
}

// run carries out steps in order, up to the first that fails.
func (v *request) run(ctx context.Context, steps []step) *call.Failure {
	for _, s := range steps {
		if ctx.Err() != nil {
			return call.Abandon(ctx, v.service.i.Config.Instance)
		}
		if f := s.run(ctx, v, v.base.Step(s.name)); f != nil {
			return f
		}
		if v.isEnded() {
			return nil
		}
	}
	return nil
}

// compile checks steps against the upstreams and binds each to its policy.
func (s *service) compile(steps []scenarios.Step) ([]step, error) {
	return s.compileAs("", steps)
}

func (s *service) compileAs(prefix string, steps []scenarios.Step) ([]step, error) {
	var out []step
	for n := range steps {
		name := prefix + strconv.Itoa(n)
		run, err := s.compileOne(name, scenarios.EventsOf(steps, n), &steps[n])
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", name, err)
		}
		out = append(out, step{name, onlyFor(steps[n].When, run)})
	}
	return out, nil
}

type stepFunc = func(ctx context.Context, v *request, c host.Trace) *call.Failure

// compileOne compiles one step; events is the queue that the events of the rows that it writes go to, "" for none.
func (s *service) compileOne(name, events string, what *scenarios.Step) (run stepFunc, err error) {
	var text string
	switch {
	case what.Work != nil:
		return s.workStep(what.Work), nil
	case what.Compute != nil:
		return s.computeStep(what.Compute), nil
	case len(what.Parallel) > 0:
		if what.WaitFor > 0 && what.WaitFor < 1 {
			return s.enough(name, what.Parallel, what.WaitFor)
		}
		return s.parallel(name, what.Parallel)
	case what.Respond != nil:
		return s.respond(what.Respond), nil
	case what.Call != nil:
		text = fmt.Sprintf("call %s %s %s", what.Call.Callee(), what.Call.Method, what.Call.Path)
		run, err = s.call(what.Call, what.Redirect, what.Cache, what.Failover, what.Policy)
	case what.Read != "":
		text = "read " + what.Read
		switch {
		case what.List:
			run, err = s.list(what.Read, what.Failover, what.Policy)
		case what.Replica != "":
			run, err = s.readReplica(what)
		default:
			run, err = s.read(what.Read, what, what.Failover)
		}
		if what.Cache != nil && err == nil {
			run, err = s.cached(what.Read, what.Cache, (*request).key, run)
		}
	case what.Write != "":
		text = "write " + what.Write
		run, err = s.write(name, what.Write, written{about: what.Key, idempotent: what.Idempotent, events: events, Outbox: what.Outbox}, what.Failover, what.Policy)
	case what.Query.Query != "":
		text = "query " + what.SQL
		run, err = s.query(what)
	case what.Get != "":
		text = "get " + what.Get
		run, err = s.getValue(what)
	case what.Set != "":
		text = "set " + what.Set
		run, err = s.setValue(what)
	case what.Pop.Pop != "":
		run, err = s.pop(what)
	default:
		return nil, errors.New("nothing to do: none of work, compute, call, read, write, query, get, set, pop, parallel and respond")
	}
	if err != nil || what.Fallback == nil {
		return run, err
	}
	return s.fallback(name, text, run, what.Fallback)
}

// parallel does steps at once; the first that fails ends the others.
func (s *service) parallel(name string, steps []scenarios.Step) (stepFunc, error) {
	inner, err := s.compileAs(name+".", steps)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		group, ctx := errgroup.WithContext(ctx)
		for n, one := range inner {
			group.Go(func() error {
				s.i.InTurn(n)
				if f := one.run(ctx, v, c.Step(one.name)); f != nil {
					return f
				}
				return nil
			})
		}
		var f *call.Failure
		if err := group.Wait(); errors.As(err, &f) {
			return f
		}
		return nil
	}, nil
}

// call asks another node; {param} in its path is the endpoint's. What was answered may be kept, for who asks for the same path.
func (s *service) call(what *scenarios.Call, redirect bool, kept *scenarios.ReadCache, or scenarios.Failover, policy scenarios.Policy) (stepFunc, error) {
	g, err := call.NewWithFailover(s.i, what.Callee(), or.Failover, policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		h := http.Header{}
		for _, name := range []string{wire.HeaderLoad, wire.HeaderKey, wire.HeaderPriority} {
			if value := v.request.Header.Get(name); value != "" {
				h.Set(name, value)
			}
		}
		v.handOnPositions(h)
		answers, f := g.Send(ctx, c, call.Request{Method: what.Method, Path: v.fill(what.Path), Header: h, Redirect: redirect})
		if kept != nil && f == nil {
			f = whole(answers)
		}
		v.merge(answers, f == nil)
		return f
	}
	if kept == nil {
		return run, nil
	}
	return s.cached(what.Callee()+" "+what.Method, kept, func(v *request) string { return v.fill(what.Path) }, run)
}

// merge hands up what callees said: acknowledged writes of every attempt, and why the last answer is degraded.
func (v *request) merge(answers []http.Header, ok bool) {
	for _, h := range answers {
		if wrote := h.Get(wire.HeaderWrote); wrote != "" {
			v.note(strings.Split(wrote, ",")...)
		}
		if position := h.Get(wire.HeaderPosition); position != "" {
			v.wroteAt(position)
		}
		if stale := h.Get(wire.HeaderStale); stale != "" {
			v.sawStale(stale)
		}
	}
	if ok && len(answers) > 0 {
		last := answers[len(answers)-1]
		if why := last.Get(wire.HeaderDegraded); why != "" {
			v.degrade(why)
		}
		if by := last.Get(wire.HeaderFailover); by != "" {
			v.mu.Lock()
			v.failover = by
			v.mu.Unlock()
		}
	}
}

func (v *request) note(writes ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, w := range writes {
		if !slices.Contains(v.wrote, w) {
			v.wrote = append(v.wrote, w)
		}
	}
}

func (v *request) degrade(why string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.degraded = append(v.degraded, why)
}

// fill replaces {param} (and {param...}) by what the endpoint's pattern matched.
func (v *request) fill(path string) string {
	return fillIn(path, func(name string) string { return url.PathEscape(v.value(name)) })
}

// fillIn replaces each {name} (and {name...}) of a text by its value.
func fillIn(text string, value func(name string) string) string {
	var out strings.Builder
	for {
		before, rest, opened := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !opened || !closed {
			if out.Len() == 0 {
				return text
			}
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(before)
		out.WriteString(value(strings.TrimSuffix(name, "...")))
		text = after
	}
}

// key is what the request is about: the message that it has taken, else the first parameter of its path, or the request itself.
func (v *request) key() string {
	if m := v.popped.Load(); m != nil {
		return m.Key
	}
	_, after, _ := strings.Cut(v.request.Pattern, "{")
	name, _, _ := strings.Cut(after, "}")
	if value := v.request.PathValue(strings.TrimSuffix(name, "...")); value != "" {
		return value
	}
	return v.Trace.Request
}

// about is what a write is about: its step's key, filled in, or what the request is about.
func (v *request) about(key string) string {
	if key == "" {
		return v.key()
	}
	return fillIn(key, v.value)
}

func (s *service) read(from string, what *scenarios.Step, or scenarios.Failover) (stepFunc, error) {
	g, err := call.NewWithFailover(s.i, from, or.Failover, what.Policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		return g.DoSafely(ctx, c, func(ctx context.Context, to *call.Replica, c host.Trace, _ int) call.Outcome {
			bounded, cancel := g.Bounded(ctx)
			defer cancel()
			cost := host.Draw(what.Cost, s.i.Chance(c, "cost"))
			there, f := s.readRow(ctx, bounded, g, to, v.key(), cost, c)
			return call.Outcome{
				F: f,
				Settle: func(taken bool) {
					if taken && f == nil {
						v.found(there, what.Absent)
					}
				},
			}
		})
	}, nil
}

// write makes a row in a database or a message in a queue or a stream.
func (s *service) write(name, to string, w written, or scenarios.Failover, policy scenarios.Policy) (stepFunc, error) {
	g, err := call.NewWithFailover(s.i, to, or.Failover, policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	if g.To.Kind == scenarios.KindQueue || g.To.Kind == scenarios.KindStream {
		return s.enqueue(name, w, g), nil
	}
	publishes, err := s.publish(to, w)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		id, by, key := v.rowID(name, to, w.events), g.To.Node, v.about(w.about)
		var position int64
		f := g.Do(ctx, c, func(ctx context.Context, to *call.Replica, c host.Trace, _ int) call.Outcome {
			bounded, cancel := g.Bounded(ctx)
			defer cancel()
			by = to.Node
			if to.Speaks == parts.SpeaksMySQL {
				return call.Outcome{F: s.mysql.Failure(ctx, bounded, g, to, s.mysql.Write(bounded, to, id, key, c, w.idempotent))}
			}
			at, err := s.stores.Write(bounded, to, id, key, c, w.idempotent, publishes.event(v, w.idempotent))
			position = at
			return call.Outcome{F: store.StatementFailure(ctx, bounded, g, to, err)}
		})
		if f == nil {
			publishes.ring()
			s.forget(ctx, c, to, key)
			v.note(by + "/" + id)
			v.wroteOne(g.To.Node, position)
		}
		return f
	}, nil
}

// writeID names a write by the request, the node and the place of its step, and so the same when a
// retry makes it again: what is there twice under one id was written twice. After a pop it is named by the message, and so the same
// when that comes again.
func (v *request) writeID(step string) string {
	if m := v.popped.Load(); m != nil {
		return m.ID + ":" + v.service.i.Config.Node.Name + ":" + step
	}
	id := v.Trace.Request + ":" + v.service.i.Config.Node.Name + ":" + step
	if v.Trace.Position != 0 {
		id += ":" + strconv.FormatUint(v.Trace.Position>>32, 16)
	}
	return id
}

// fallback does something else when run has failed for good, and degrades the answer.
func (s *service) fallback(name, text string, run stepFunc, what *scenarios.Fallback) (stepFunc, error) {
	var instead stepFunc
	var err error
	switch {
	case what.Write != "":
		instead, err = s.write(name+"f", what.Write, written{}, scenarios.Failover{}, scenarios.Policy{})
	case what.Call != nil:
		instead, err = s.call(what.Call, false, nil, scenarios.Failover{}, scenarios.Policy{})
	}
	if err != nil {
		return nil, fmt.Errorf("fallback: %w", err)
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		f := run(ctx, v, c)
		if f == nil || f.Class == call.Abandoned {
			return f
		}
		if instead != nil {
			if second := instead(ctx, v, c.Step("f")); second != nil {
				return second
			}
		}
		host.DegradedTotal.In(s.i.Metrics).Add(1)
		v.degrade(text + ": " + f.Err.Error())
		if what.Status != 0 {
			v.mu.Lock()
			v.status = what.Status
			v.mu.Unlock()
		}
		return nil
	}, nil
}
