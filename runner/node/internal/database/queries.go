package database

import (
	"context"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/squallhq/squall/runner/node/internal/database/sqlengine"
	"github.com/squallhq/squall/runner/node/internal/host"
)

// portal is a statement with its arguments, ready to run; rest is what it has still to give of a result asked for in parts.
type portal struct {
	statement *statement
	args      []any
	formats   []int16
	rest      [][]any
	tag       string
	ran       bool
}

// simple answers the statements of the simple query protocol, which are one transaction.
func (s *session) simple(sql string) {
	sources, err := sqlengine.Parse(sql)
	if err != nil {
		s.fails()
		s.tell(engineError(err))
		return
	}
	if len(sources) == 0 {
		s.backend.Send(&pgproto3.EmptyQueryResponse{})
		return
	}
	for _, source := range sources {
		if err := s.simpleOne(source); err != nil {
			s.fails()
			s.tell(err)
			return
		}
	}
	s.tell(s.finish())
}

func (s *session) simpleOne(source sqlengine.Source) *pgproto3.ErrorResponse {
	st, err := s.statementOf(source, nil)
	if err != nil {
		return s.inTime(err)
	}
	if len(st.Params) > 0 {
		return sqlError("42P02", "there is no parameter $1")
	}
	p := &portal{statement: st}
	if len(st.Fields) > 0 {
		s.backend.Send(st.describe(nil))
	}
	return s.run(p, 0)
}

// inTime is an error of a statement that can't be made ready, unless the transaction has failed before.
func (s *session) inTime(err *pgproto3.ErrorResponse) *pgproto3.ErrorResponse {
	if s.tx != nil && s.tx.failed && err.Code != "42601" { // what is no SQL is told first
		return inFailed()
	}
	return err
}

func inFailed() *pgproto3.ErrorResponse {
	return sqlError("25P02", "current transaction is aborted, commands ignored until end of transaction block")
}

// extended answers one message of the extended query protocol.
func (s *session) extended(message pgproto3.FrontendMessage) *pgproto3.ErrorResponse {
	switch m := message.(type) {
	case *pgproto3.Parse:
		return s.parse(m)
	case *pgproto3.Bind:
		return s.bind(m)
	case *pgproto3.Describe:
		return s.describe(m)
	case *pgproto3.Execute:
		return s.proceed(m)
	case *pgproto3.Close:
		if m.ObjectType == 'S' {
			delete(s.prepared, m.Name)
		} else {
			delete(s.portals, m.Name)
		}
		s.backend.Send(&pgproto3.CloseComplete{})
		return nil
	default:
		return sqlError("08P01", "unexpected message")
	}
}

func (s *session) parse(m *pgproto3.Parse) *pgproto3.ErrorResponse {
	sources, err := sqlengine.Parse(m.Query)
	if err != nil {
		return s.inTime(engineError(err))
	}
	st := nothing
	switch len(sources) {
	case 0:
	case 1:
		var refusal *pgproto3.ErrorResponse
		if st, refusal = s.statementOf(sources[0], m.ParameterOIDs); refusal != nil {
			return s.inTime(refusal)
		}
	default:
		return sqlError("42601", "cannot insert multiple commands into a prepared statement")
	}
	s.prepared[m.Name] = st
	s.backend.Send(&pgproto3.ParseComplete{})
	return nil
}

func (s *session) bind(m *pgproto3.Bind) *pgproto3.ErrorResponse {
	st := s.prepared[m.PreparedStatement]
	if st == nil {
		return sqlError("26000", "prepared statement \""+m.PreparedStatement+"\" does not exist")
	}
	if len(m.Parameters) != len(st.Params) {
		return sqlError("08P01", "wrong number of parameters")
	}
	p := &portal{statement: st, formats: append([]int16(nil), m.ResultFormatCodes...)}
	for n, wire := range m.Parameters {
		if wire == nil && st.own != nil {
			return sqlError("23502", "null value violates not-null constraint")
		}
		value, err := sqlengine.Decode(st.Params[n], formatOf(m.ParameterFormatCodes, n), wire)
		if err != nil {
			return engineError(err)
		}
		p.args = append(p.args, value)
	}
	s.portals[m.DestinationPortal] = p
	s.backend.Send(&pgproto3.BindComplete{})
	return nil
}

func (s *session) describe(m *pgproto3.Describe) *pgproto3.ErrorResponse {
	if m.ObjectType == 'P' {
		p := s.portals[m.Name]
		if p == nil {
			return sqlError("34000", "portal \""+m.Name+"\" does not exist")
		}
		s.backend.Send(p.statement.describe(p.formats))
		return nil
	}
	st := s.prepared[m.Name]
	if st == nil {
		return sqlError("26000", "prepared statement \""+m.Name+"\" does not exist")
	}
	s.backend.Send(&pgproto3.ParameterDescription{ParameterOIDs: st.Params})
	s.backend.Send(st.describe(nil))
	return nil
}

func (s *session) proceed(m *pgproto3.Execute) *pgproto3.ErrorResponse {
	p := s.portals[m.Portal]
	switch {
	case p == nil:
		return sqlError("34000", "portal \""+m.Portal+"\" does not exist")
	case p.statement == nothing:
		s.backend.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	return s.run(p, int(m.MaxRows))
}

// run carries out one statement, in a context that a cancel request ends, and sends so many of its rows; 0 is all.
func (s *session) run(p *portal, most int) *pgproto3.ErrorResponse {
	if !p.ran {
		if err := s.carryOut(p); err != nil {
			return err
		}
	}
	for n := 0; len(p.rest) > 0; n++ {
		if most > 0 && n == most {
			s.backend.Send(&pgproto3.PortalSuspended{})
			return nil
		}
		row, err := encode(p.rest[0], p.statement.Fields, p.formats)
		if err != nil {
			return engineError(err)
		}
		s.backend.Send(row)
		p.rest = p.rest[1:]
		if n%flushEvery == flushEvery-1 && (s.tx == nil || !s.tx.alone) { // what is not durable is not told
			s.backend.Flush() //nolint:errcheck // a broken connection shows at the end of the statement
		}
	}
	s.backend.Send(&pgproto3.CommandComplete{CommandTag: []byte(p.tag)})
	return nil
}

// carryOut runs a portal's statement to its end, and keeps the result in it.
func (s *session) carryOut(p *portal) *pgproto3.ErrorResponse {
	c := p.statement.Control
	if s.tx != nil && s.tx.failed && (c == nil || c.Verb != "COMMIT" && c.Verb != "ROLLBACK" && c.Verb != "ROLLBACK TO") {
		return inFailed()
	}
	ctx, cancel := context.WithCancel(context.Background())
	if limit := s.timeout("statement_timeout"); limit > 0 {
		ctx, cancel = s.d.i.WithTimeout(context.Background(), limit)
	}
	s.setCancel(cancel)
	host.RequestsTotal.In(s.d.i.Metrics).Add(1)
	leave := s.stay()
	defer func() {
		s.setCancel(nil)
		cancel()
		leave()
	}()
	s.notePosition()
	var got result
	var err *pgproto3.ErrorResponse
	switch {
	case p.statement.own != nil:
		got, err = s.runOwn(ctx, p.statement.own, texts(p.args))
	case c != nil:
		if got.tag, err = s.control(ctx, c); err == nil && c.Verb == "SHOW" {
			got.rows = [][]any{s.show(c)}
		}
	default:
		got, err = s.general(ctx, p.statement.Statement, p.args)
	}
	p.rest, p.tag, p.ran = got.rows, got.tag, err == nil
	return err
}

func texts(args []any) []string {
	all := make([]string, len(args))
	for n, a := range args {
		all[n], _ = a.(string) // the service's own are of text
	}
	return all
}
