package database

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// runOwn runs one of the service's own statements, in a span of the request that it names.
func (s *session) runOwn(ctx context.Context, own *ownStatement, args []string) (result, *pgproto3.ErrorResponse) {
	if own.does == "" {
		return own.run(ctx, s, args)
	}
	s.span = s.d.i.Statement(args[own.why], own.does)
	got, err := own.run(ctx, s, args)
	if t := s.tx; err == nil && t != nil && t.alone && !t.explicit {
		t.span = s.span // it is durable when the transaction is
	} else {
		s.d.spanEnds(s.span, err)
	}
	s.span = host.Trace{}
	return got, err
}

// spanEnds is the end of a statement.
func (d *database) spanEnds(c host.Trace, err *pgproto3.ErrorResponse) {
	if err == nil {
		d.i.Ends(c, host.SpanOK, 0, nil)
		return
	}
	d.i.Ends(c, host.SpanFailed, 0, errors.New(err.Code+" "+err.Message))
}
