package service

import (
	"context"
	"encoding/json"
	"time"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

// list answers with all rows of a database.
func (s *service) list(from string, or scenarios.Failover, policy scenarios.Policy) (stepFunc, error) {
	g, err := call.NewWithFailover(s.i, from, or.Failover, policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		return g.DoSafely(ctx, c, func(ctx context.Context, to *call.Replica, c host.Trace, _ int) call.Outcome {
			bounded, cancel := g.Bounded(ctx)
			defer cancel()
			rows, f := s.listRows(ctx, bounded, g, to, c)
			list, _ := json.Marshal(rows) // it can't fail: rows are texts
			return call.Outcome{
				F: f,
				Settle: func(taken bool) {
					if taken && f == nil {
						v.mu.Lock()
						v.content = &content{text: string(list) + "\n", kind: "application/json"}
						v.mu.Unlock()
					}
				},
			}
		})
	}, nil
}

// readRow reads a row from the database that is there.
func (s *service) readRow(ctx, bounded context.Context, g *call.Executor, to *call.Replica, key string, cost time.Duration, c host.Trace) (there bool, f *call.Failure) {
	if to.Speaks == parts.SpeaksMySQL {
		there, err := s.mysql.Read(bounded, to, key, cost, c)
		return there, s.mysql.Failure(ctx, bounded, g, to, err)
	}
	there, _, err := s.stores.Read(bounded, to, key, cost, c)
	return there, store.StatementFailure(ctx, bounded, g, to, err)
}

// listRows reads all rows from the database that is there; none is no nil.
func (s *service) listRows(ctx, bounded context.Context, g *call.Executor, to *call.Replica, c host.Trace) ([]store.Row, *call.Failure) {
	if to.Speaks != parts.SpeaksMySQL {
		rows, err := s.stores.List(bounded, to, c)
		return rows, store.StatementFailure(ctx, bounded, g, to, err)
	}
	rows := []store.Row{}
	err := s.mysql.List(bounded, to, c, func() { rows = rows[:0] }, func(id, key string) { rows = append(rows, store.Row{ID: id, Key: key}) })
	return rows, s.mysql.Failure(ctx, bounded, g, to, err)
}

// found ends a request whose row is not there with its step's status, 0 for going on. That is an answer, and nobody's failure.
func (v *request) found(there bool, absent int) {
	if there || absent == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status, v.ended = absent, true
}

func (v *request) isEnded() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ended
}
