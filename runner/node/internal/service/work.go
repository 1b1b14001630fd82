package service

import (
	"context"
	"time"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

var wastedSecondsTotal = host.NewSeconds("squall_wasted_seconds_total",
	"Time of work steps after their caller had left, and CPU time of compute steps begun after.")

// forNobody tells that work goes on when nobody waits for it.
func (s *service) forNobody() bool { return s.i.Config.Node.Policy.Deadline != host.Propagate }

// work keeps a worker busy for d, whoever may have left meanwhile; where deadlines are handed on no longer than
// somebody waits. It says how long that was.
func (s *service) work(ctx context.Context, d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	defer s.i.CPU.Await()
	began := time.Now()
	rings, stop := s.i.After(d)
	defer stop()
	select {
	case <-rings:
		return d
	case <-s.i.Halt:
		return d
	case <-ctx.Done():
	}
	left := time.Since(began)
	if !s.forNobody() {
		return left
	}
	select {
	case <-rings:
	case <-s.i.Halt:
	}
	wastedSecondsTotal.In(s.i.Metrics).Add(int64(d - left))
	return d
}

// compute uses d of CPU time, whoever may have left meanwhile; where deadlines are handed on no longer than somebody waits.
func (s *service) compute(ctx context.Context, d time.Duration) {
	stop := (<-chan struct{})(s.i.Halt)
	switch {
	case !s.forNobody():
		stop = ctx.Done() // which is closed when the node ends, too: with the request's connection
	case ctx.Err() != nil:
		wastedSecondsTotal.In(s.i.Metrics).Add(int64(d))
	}
	began := time.Now()
	s.i.CPU.Compute(d, stop)
	if !s.forNobody() && ctx.Err() != nil {
		d = min(d, time.Since(began)) // it was cut short, and used no more than passed
	}
	computeSecondsTotal.In(s.i.Metrics).Add(int64(d))
}

// cut is the failure of a step that ended before it was done, since nobody waits for it any more; nil if it was done.
func (s *service) cut(ctx context.Context) *call.Failure {
	if s.forNobody() || ctx.Err() == nil {
		return nil
	}
	return call.Abandon(ctx, s.i.Config.Instance)
}

// workStep lets time pass. It goes on when the client has left, as computing does: work that nobody waits
// for is one of the things that a run is to show. Where deadlines are handed on it ends then.
func (s *service) workStep(w *scenarios.Work) stepFunc {
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		d := s.i.Behaviour.Stretch(host.Draw(w, s.i.Chance(c, "work")))
		workSecondsTotal.In(s.i.Metrics).Add(int64(s.work(ctx, d)))
		return s.cut(ctx)
	}
}

// computeStep uses the CPU, whoever may have left meanwhile.
func (s *service) computeStep(w *scenarios.Work) stepFunc {
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		d := s.i.Behaviour.Stretch(host.Draw(w, s.i.Chance(c, "compute")))
		s.compute(ctx, d)
		return s.cut(ctx)
	}
}
