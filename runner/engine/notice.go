package engine

import (
	"context"
	"net/http"
	"time"

	"github.com/squallhq/squall/internal/sleep"
	"github.com/squallhq/squall/runner/wire"
)

const (
	// lead is the time between telling callers and ending: what they had chosen by then is sent.
	lead = 100 * time.Millisecond
	// noticeTimeout bounds telling one caller, for whom whoever changes the callee waits; one that does not answer in it is told
	// again every noticePause beside what else goes on.
	noticeTimeout = time.Second
	noticePause   = 100 * time.Millisecond
)

// withdraw tells the callers of an instance that it is about to end, as a registry would tell them, and gives them the
// time to choose another. Loads are told by the run, but where the engine alone knows who ends.
func (s *system) withdraw(ctx context.Context, i *instance) error {
	s.mu.Lock()
	s.withdrawn[i.plan.Name] = true
	s.mu.Unlock()
	s.tellLoads(i.plan.Name, true)
	s.tellCallers(ctx, i)
	over, stop := s.Keep().Timer(lead)
	defer stop()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// readmit tells the callers of an instance that was withdrawn that it is back.
func (s *system) readmit(ctx context.Context, i *instance) {
	s.mu.Lock()
	was := s.withdrawn[i.plan.Name]
	delete(s.withdrawn, i.plan.Name)
	s.mu.Unlock()
	if was {
		s.tellLoads(i.plan.Name, false)
		s.tellCallers(ctx, i)
	}
}

func (s *system) tellCallers(ctx context.Context, callee *instance) {
	for _, e := range s.edgesInto(callee.plan.Name) {
		if caller := s.byName[e.From]; caller != nil {
			caller.notice(ctx, callee.plan.Name)
		}
	}
}

// tellAll tells a caller that goes on, or begins, what it has missed of all its callees.
func (s *system) tellAll(ctx context.Context, caller *instance) {
	for _, e := range s.plan.EdgesFrom(caller.plan.Name) {
		caller.notice(ctx, e.To)
	}
}

// notice tells a caller whether a callee is withdrawn. One that does not take it in time is told until it does: it would else call nobody who is
// back, or somebody who is gone, for the rest of the run.
func (i *instance) notice(ctx context.Context, callee string) {
	if i.inform(ctx, callee) {
		return
	}
	i.watches.Go(func() {
		for sleep.For(i.lifetime, noticePause) == nil && !i.inform(i.lifetime, callee) {
		}
	})
}

// inform is one try of notice; false: the caller does not know. One that knows is not told, and one that is away is told when it goes on.
func (i *instance) inform(ctx context.Context, callee string) bool {
	if i.image() {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	if !i.notices.take(ctx) { // of two at once the later one is to come last
		return false
	}
	defer i.notices.letGo()
	if i.isAway() {
		return true
	}
	i.system.mu.Lock()
	withdrawn := i.withdrawn[callee]
	i.system.mu.Unlock()
	i.mu.Lock()
	knows, incarnation := i.heard[callee], i.process
	i.mu.Unlock()
	if withdrawn == knows {
		return true
	}
	method := http.MethodDelete
	if withdrawn {
		method = http.MethodPut
	}
	if i.tell(ctx, method, wire.AdminWithdrawn+callee, nil) != nil {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.process == incarnation { // the next one is told anew
		i.heard[callee] = withdrawn
	}
	return true
}
