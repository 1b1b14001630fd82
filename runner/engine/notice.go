package engine

import (
	"context"
	"net/http"
	"time"

	"github.com/squallhq/squall/runner/wire"
)

const (
	// lead is the time between telling callers and ending: what they had chosen by then is sent.
	lead = 100 * time.Millisecond
	// noticeTimeout bounds telling one caller; one that can't be told has to find out.
	noticeTimeout = time.Second
)

// withdraw tells the callers of an instance that it is about to end, as a registry would tell them, and gives them the
// time to choose another. Loads are told by the run.
func (s *system) withdraw(ctx context.Context, i *instance) error {
	s.mu.Lock()
	s.withdrawn[i.plan.Name] = true
	s.mu.Unlock()
	s.tellCallers(ctx, i)
	select {
	case <-time.After(lead):
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

// notice tells a caller whether a callee is withdrawn, where it does not know: one that is away is told when it goes on.
func (i *instance) notice(ctx context.Context, callee string) {
	if i.image() || i.isAway() {
		return
	}
	i.system.mu.Lock()
	withdrawn := i.withdrawn[callee]
	i.system.mu.Unlock()
	i.mu.Lock()
	knows := i.heard[callee]
	i.mu.Unlock()
	if withdrawn == knows {
		return
	}
	method := http.MethodDelete
	if withdrawn {
		method = http.MethodPut
	}
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	if i.tell(ctx, method, wire.AdminWithdrawn+callee, nil) == nil {
		i.mu.Lock()
		i.heard[callee] = withdrawn
		i.mu.Unlock()
	}
}
