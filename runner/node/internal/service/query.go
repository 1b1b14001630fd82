package service

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
	"github.com/squallhq/squall/scenarios/sqltext"
)

// query sends a statement of the scenario's own to a database, real or built in, with what the request says bound to its parameters.
func (s *service) query(what *scenarios.Step) (stepFunc, error) {
	g, err := call.NewWithFailover(s.i, what.SQL, what.Failover.Failover, what.Policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	dialect := sqltext.Postgres
	if g.To.Replicas[0].Speaks == parts.SpeaksMySQL {
		dialect = sqltext.MySQL
	}
	bound, err := sqltext.Bind(what.Query.Query, dialect)
	if err != nil {
		return nil, err
	}
	do := g.Do
	if what.Query.Reads() {
		do = g.DoSafely
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		args := v.arguments(bound.Names)
		return do(ctx, c, func(ctx context.Context, to *call.Replica, c host.Trace, _ int) call.Outcome {
			bounded, cancel := g.Bounded(ctx)
			defer cancel()
			answer, f := s.ask(ctx, bounded, g, to, bound.SQL, args, c, what.List)
			return call.Outcome{
				F: f,
				Settle: func(taken bool) {
					if taken && f == nil {
						v.answers(what.RowRead, answer)
					}
				},
			}
		})
	}, nil
}

// ask sends it to the database that is there.
func (s *service) ask(ctx, bounded context.Context, g *call.Executor, to *call.Replica, sql string, args []any, c host.Trace, rows bool) (*store.Answer, *call.Failure) {
	if to.Speaks == parts.SpeaksMySQL {
		answer := &store.Answer{}
		var err error
		answer.Count, err = s.mysql.Query(bounded, to, sql, args, c, func(columns []string) { answer.Begin(columns, rows) }, answer.Row)
		return answer, s.mysql.Failure(ctx, bounded, g, to, err)
	}
	answer, err := s.stores.Query(bounded, to, sql, args, c, rows)
	return answer, store.StatementFailure(ctx, bounded, g, to, err)
}

// arguments are what a request says for a statement's parameters; nil is what it does not have.
func (v *request) arguments(names []string) []any {
	args := make([]any, len(names))
	query := v.request.URL.Query()
	for n, name := range names {
		if key, is := strings.CutPrefix(name, "?"); is {
			if values := query[key]; len(values) > 0 {
				args[n] = values[0]
			}
			continue
		}
		args[n] = v.value(name)
	}
	return args
}

// answers takes what a statement gave for the request's answer, where its step says so.
func (v *request) answers(how scenarios.RowRead, a *store.Answer) {
	v.found(a.Count > 0, how.Absent)
	if !how.List || a.Count == 0 && how.Absent != 0 {
		return
	}
	list, _ := json.Marshal(a.Rows) // it can't fail: they are JSON
	v.mu.Lock()
	defer v.mu.Unlock()
	v.content = &content{text: string(list) + "\n", kind: "application/json"}
}
