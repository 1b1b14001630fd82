package node

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

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	workSecondsTotal    = newSeconds("squall_work_seconds_total", "Time spent in work steps.")
	computeSecondsTotal = newSeconds("squall_compute_seconds_total", "CPU time used by compute steps.")
)

// step is one compiled step of an endpoint.
type step struct {
	// name places it in its endpoint: "0", "1", "1.0" within a parallel, "1f" for a fallback.
	name string
	run  func(ctx context.Context, v *visit, c cause) *failure
}

// visit is one request to a service while it is answered. Parallel steps share it.
type visit struct {
	service *service
	request *http.Request
	cause   cause // as it arrived
	base    cause // that of the endpoint's steps

	mu       sync.Mutex
	status   int
	caching  string   // the answer's Cache-Control
	wrote    []string // NODE/ID, each once
	degraded []string
	failover string // the node that answered in another one's place
	// positions is nil until something is known of where the user has written.
	positions *positionsOf
	stale     []string          // replicas
	rows      map[string]string // of rows that have events: the last id, by the database
}

// run carries out steps in order, up to the first that fails.
func (v *visit) run(ctx context.Context, steps []step) *failure {
	for _, s := range steps {
		if ctx.Err() != nil {
			return abandon(ctx, v.service.i.config.Instance)
		}
		if f := s.run(ctx, v, v.base.step(s.name)); f != nil {
			return f
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

type runner = func(ctx context.Context, v *visit, c cause) *failure

// compileOne compiles one step; events is the queue that the events of the rows that it writes go to, "" for none.
func (s *service) compileOne(name, events string, what *scenarios.Step) (run runner, err error) {
	var text string
	switch {
	case what.Work != nil:
		return s.work(what.Work), nil
	case what.Compute != nil:
		return s.compute(what.Compute), nil
	case len(what.Parallel) > 0:
		if what.WaitFor > 0 && what.WaitFor < 1 {
			return s.enough(name, what.Parallel, what.WaitFor)
		}
		return s.parallel(name, what.Parallel)
	case what.Respond != nil:
		return s.respond(what.Respond), nil
	case what.Call != nil:
		text = fmt.Sprintf("call %s %s %s", what.Call.Node, what.Call.Method, what.Call.Path)
		run, err = s.call(what.Call, what.Cache, what.Failover, what.Policy)
	case what.Read != "":
		text = "read " + what.Read
		if what.Replica != "" {
			run, err = s.readReplica(what)
		} else {
			run, err = s.read(what.Read, what.Cost, what.Failover, what.Policy)
		}
		if what.Cache != nil && err == nil {
			run, err = s.cached(what.Read, what.Cache, (*visit).key, run)
		}
	case what.Write != "":
		text = "write " + what.Write
		run, err = s.write(name, what.Write, written{about: what.Key, idempotent: what.Idempotent, events: events, Outbox: what.Outbox}, what.Failover, what.Policy)
	default:
		return nil, errors.New("nothing to do: none of work, compute, call, read, write, parallel and respond")
	}
	if err != nil || what.Fallback == nil {
		return run, err
	}
	return s.fallback(name, text, run, what.Fallback)
}

// parallel does steps at once; the first that fails ends the others.
func (s *service) parallel(name string, steps []scenarios.Step) (runner, error) {
	inner, err := s.compileAs(name+".", steps)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *visit, c cause) *failure {
		group, ctx := errgroup.WithContext(ctx)
		for _, one := range inner {
			group.Go(func() error {
				if f := one.run(ctx, v, c.step(one.name)); f != nil {
					return f
				}
				return nil
			})
		}
		var f *failure
		if err := group.Wait(); errors.As(err, &f) {
			return f
		}
		return nil
	}, nil
}

// call asks another node; {param} in its path is the endpoint's. What was answered may be kept, for who asks for the same path.
func (s *service) call(what *scenarios.Call, kept *scenarios.ReadCache, or scenarios.Failover, policy scenarios.Policy) (runner, error) {
	g, err := newExecutorOr(s.i, what.Node, or.Failover, policy, s.i.config.Node.Policy)
	if err != nil {
		return nil, err
	}
	run := func(ctx context.Context, v *visit, c cause) *failure {
		h := http.Header{}
		for _, name := range []string{wire.HeaderLoad, wire.HeaderKey, wire.HeaderPriority} {
			if value := v.request.Header.Get(name); value != "" {
				h.Set(name, value)
			}
		}
		v.handOnPositions(h)
		answers, f := g.send(ctx, c, call{method: what.Method, path: v.fill(what.Path), header: h})
		if kept != nil && f == nil {
			f = whole(answers)
		}
		v.heed(answers, f == nil)
		return f
	}
	if kept == nil {
		return run, nil
	}
	return s.cached(what.Node+" "+what.Method, kept, func(v *visit) string { return v.fill(what.Path) }, run)
}

// heed hands up what callees said: acknowledged writes of every attempt, and why the last answer is degraded.
func (v *visit) heed(answers []http.Header, ok bool) {
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

func (v *visit) note(writes ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, w := range writes {
		if !slices.Contains(v.wrote, w) {
			v.wrote = append(v.wrote, w)
		}
	}
}

func (v *visit) degrade(why string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.degraded = append(v.degraded, why)
}

// fill replaces {param} (and {param...}) by what the endpoint's pattern matched.
func (v *visit) fill(path string) string {
	return fillIn(path, func(name string) string { return url.PathEscape(v.request.PathValue(name)) })
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

// key is what the request is about: the first parameter of its path, or the request itself.
func (v *visit) key() string {
	_, after, _ := strings.Cut(v.request.Pattern, "{")
	name, _, _ := strings.Cut(after, "}")
	if value := v.request.PathValue(strings.TrimSuffix(name, "...")); value != "" {
		return value
	}
	return v.cause.request
}

// about is what a write is about: its step's key, filled in, or what the request is about.
func (v *visit) about(key string) string {
	if key == "" {
		return v.key()
	}
	return fillIn(key, v.request.PathValue)
}

func (s *service) read(from string, cost *scenarios.Work, or scenarios.Failover, policy scenarios.Policy) (runner, error) {
	g, err := newExecutorOr(s.i, from, or.Failover, policy, s.i.config.Node.Policy)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *visit, c cause) *failure {
		return g.doSafely(ctx, c, func(ctx context.Context, to *replica, c cause, _ int) outcome {
			bounded, cancel := g.bounded(ctx)
			defer cancel()
			cost := draw(cost, s.i.chance(c, "cost"))
			_, err := s.stores.read(bounded, to, v.key(), cost, c.text())
			return outcome{f: statementFailure(ctx, bounded, g, to, err)}
		})
	}, nil
}

// write makes a row in a database or a message in a queue or a stream.
func (s *service) write(name, to string, w written, or scenarios.Failover, policy scenarios.Policy) (runner, error) {
	g, err := newExecutorOr(s.i, to, or.Failover, policy, s.i.config.Node.Policy)
	if err != nil {
		return nil, err
	}
	if g.to.kind == scenarios.KindQueue || g.to.kind == scenarios.KindStream {
		return s.enqueue(name, w, g), nil
	}
	publishes, err := s.publish(to, w)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *visit, c cause) *failure {
		id, by, key := v.rowID(name, to, w.events), g.to.node, v.about(w.about)
		var position int64
		f := g.do(ctx, c, func(ctx context.Context, to *replica, c cause, _ int) outcome {
			bounded, cancel := g.bounded(ctx)
			defer cancel()
			by = to.node
			at, err := s.stores.write(bounded, to, id, key, c.text(), w.idempotent, publishes.event(v, w.idempotent))
			position = at
			return outcome{f: statementFailure(ctx, bounded, g, to, err)}
		})
		if f == nil {
			publishes.ring()
			s.forget(ctx, c, to, key)
			v.note(by + "/" + id)
			v.wroteOne(g.to.node, position)
		}
		return f
	}, nil
}

func (s *service) enqueue(name string, w written, g *executor) runner {
	return func(ctx context.Context, v *visit, c cause) *failure {
		id := v.messageID(name, w.EventOf)
		h := http.Header{wire.HeaderWrite: {id}, wire.HeaderMessageKey: {url.PathEscape(v.about(w.about))}}
		if w.idempotent {
			h.Set(wire.HeaderIdempotency, id)
		}
		answers, f := g.send(ctx, c, call{method: http.MethodPost, path: "/messages", header: h})
		v.heed(answers, f == nil)
		return f
	}
}

// writeID names a write by the request, the node and the place of its step, and so the same when a
// retry makes it again: what is there twice under one id was written twice.
func (v *visit) writeID(step string) string {
	id := v.cause.request + ":" + v.service.i.config.Node.Name + ":" + step
	if v.cause.position != 0 {
		id += ":" + strconv.FormatUint(v.cause.position>>32, 16)
	}
	return id
}

// fallback does something else when run has failed for good, and degrades the answer.
func (s *service) fallback(name, text string, run runner, what *scenarios.Fallback) (runner, error) {
	var instead runner
	var err error
	switch {
	case what.Write != "":
		instead, err = s.write(name+"f", what.Write, written{}, scenarios.Failover{}, scenarios.Policy{})
	case what.Call != nil:
		instead, err = s.call(what.Call, nil, scenarios.Failover{}, scenarios.Policy{})
	}
	if err != nil {
		return nil, fmt.Errorf("fallback: %w", err)
	}
	return func(ctx context.Context, v *visit, c cause) *failure {
		f := run(ctx, v, c)
		if f == nil || f.class == abandoned {
			return f
		}
		if instead != nil {
			if second := instead(ctx, v, c.step("f")); second != nil {
				return second
			}
		}
		degradedTotal.in(s.i.metrics).Add(1)
		v.degrade(text + ": " + f.err.Error())
		if what.Status != 0 {
			v.mu.Lock()
			v.status = what.Status
			v.mu.Unlock()
		}
		return nil
	}, nil
}
