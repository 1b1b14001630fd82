package node

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/squallhq/squall/runner/node/sqlengine"
	"github.com/squallhq/squall/runner/wire"
)

const (
	// startupTimeout is how long a client may take to say who it is.
	startupTimeout = 10 * time.Second
	// maxMessage bounds one message of a client.
	maxMessage = 4 << 20
	// flushEvery bounds what is gathered of a long result.
	flushEvery = 500
)

// session is one client of a database, speaking PostgreSQL's protocol 3: the simple query protocol
// and the extended one. Only its own goroutine uses it, but for cancelStatement.
type session struct {
	d       *database
	conn    net.Conn
	backend *pgproto3.Backend
	pid     uint32
	secret  uint32

	prepared map[string]*statement
	portals  map[string]*portal
	// replicating: it is a replica's, which asks for the journal; name is the replica's instance then.
	replicating bool
	name        string
	// before is the position when the first statement since the last ReadyForQuery began; 0: there was none.
	before int64
	// skipping: an error was sent, everything up to the next Sync is passed over.
	skipping bool
	// tx is the transaction under way, nil outside of one.
	tx *transaction
	// set is what the client has SET, number counts its statements.
	set    map[string]string
	number uint64
	// limited: the wait for the next message has a limit.
	limited bool

	mu            sync.Mutex
	cancelCurrent context.CancelFunc
}

// portal is a statement with its arguments, ready to run; rest is what it has still to give of a result asked for in parts.
type portal struct {
	statement *statement
	args      []any
	formats   []int16
	rest      [][]any
	tag       string
	ran       bool
}

func newSession(d *database, conn net.Conn) *session {
	s := &session{
		d: d, conn: conn, backend: pgproto3.NewBackend(conn, conn),
		prepared: make(map[string]*statement), portals: make(map[string]*portal),
	}
	s.backend.SetMaxBodyLen(maxMessage)
	return s
}

// start brings a connection to its first ReadyForQuery; false: it is over.
func (s *session) start() bool {
	s.conn.SetDeadline(time.Now().Add(startupTimeout)) //nolint:errcheck // a broken connection shows below
	for {
		message, err := s.backend.ReceiveStartupMessage()
		if err != nil {
			return false
		}
		switch m := message.(type) {
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			if _, err := s.conn.Write([]byte("N")); err != nil { // not here; go on in the clear
				return false
			}
		case *pgproto3.CancelRequest:
			if len(m.SecretKey) == 4 {
				s.d.cancel(m.ProcessID, binary.BigEndian.Uint32(m.SecretKey))
			}
			return false
		case *pgproto3.StartupMessage:
			return s.welcome(m)
		}
	}
}

func (s *session) welcome(m *pgproto3.StartupMessage) bool {
	if refusal := s.authenticate(m.Parameters["user"]); refusal != nil {
		s.fatal(refusal)
		return false
	}
	if s.d.standing != nil && m.Parameters["replication"] != "" {
		s.replicating, s.name = true, m.Parameters["application_name"]
	}
	if refusal := s.d.join(s); refusal != nil {
		s.fatal(refusal)
		return false
	}
	if m.ProtocolVersion != pgproto3.ProtocolVersion30 {
		s.backend.Send(&pgproto3.NegotiateProtocolVersion{})
	}
	s.backend.Send(&pgproto3.AuthenticationOk{})
	for _, p := range [][2]string{
		{"server_version", "15.0 (squall)"}, {"server_encoding", "UTF8"}, {"client_encoding", "UTF8"},
		{"standard_conforming_strings", "on"}, {"integer_datetimes", "on"}, {"TimeZone", "UTC"}, {"DateStyle", "ISO, MDY"},
	} {
		s.backend.Send(&pgproto3.ParameterStatus{Name: p[0], Value: p[1]})
	}
	s.backend.Send(&pgproto3.BackendKeyData{ProcessID: s.pid, SecretKey: binary.BigEndian.AppendUint32(nil, s.secret)})
	s.conn.SetDeadline(time.Time{}) //nolint:errcheck // a broken connection shows in the flush
	if !s.readyForQuery() {
		s.d.leave(s)
		return false
	}
	return true
}

// authenticate trusts everybody where the node has no DSN; else user and password (in the clear) must be the DSN's.
func (s *session) authenticate(user string) *pgproto3.ErrorResponse {
	who := wire.ParseBuiltinLogin(s.d.node().DSN)
	if who.Password == "" {
		return nil
	}
	s.backend.Send(&pgproto3.AuthenticationCleartextPassword{})
	if s.backend.Flush() != nil || s.backend.SetAuthType(pgproto3.AuthTypeCleartextPassword) != nil {
		return sqlError("08P01", "authentication broke off")
	}
	message, err := s.backend.Receive()
	if err != nil {
		return sqlError("08P01", "authentication broke off")
	}
	password, ok := message.(*pgproto3.PasswordMessage)
	if !ok || user != who.User || password.Password != who.Password {
		return sqlError("28P01", "password authentication failed for user \""+user+"\"")
	}
	return nil
}

// fatal says why the connection ends.
func (s *session) fatal(e *pgproto3.ErrorResponse) {
	e.Severity, e.SeverityUnlocalized = "FATAL", "FATAL"
	s.backend.Send(e)
	s.backend.Flush() //nolint:errcheck // the connection ends either way
}

// loop answers messages until the client leaves, the connection breaks or the database drains. What a client that
// is gone has not committed is undone.
func (s *session) loop() {
	defer s.abort()
	for {
		limited := s.limitIdleness()
		message, err := s.backend.Receive()
		if err != nil {
			switch {
			case s.d.isDraining():
				s.farewell(sqlError("57P01", "terminating connection due to administrator command"))
			case limited && isTimeout(err):
				s.abort()
				s.farewell(sqlError("25P03", "terminating connection due to idle-in-transaction timeout"))
			}
			return
		}
		if !s.answer(message) {
			return
		}
	}
}

// limitIdleness bounds the wait for the next message of a client that has a transaction open.
func (s *session) limitIdleness() bool {
	limit := time.Duration(0)
	if s.tx != nil {
		limit = s.timeout("idle_in_transaction_session_timeout")
	}
	if limit <= 0 && !s.limited {
		return false
	}
	s.limited = limit > 0
	until := time.Time{}
	if s.limited {
		until = time.Now().Add(limit)
	}
	s.d.sessionsMu.Lock()
	defer s.d.sessionsMu.Unlock()
	if !s.d.draining { // else there is a deadline, and it has come
		s.conn.SetReadDeadline(until) //nolint:errcheck // a broken connection shows when it is read
	}
	return s.limited
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// farewell is fatal to a client that may not be there any more.
func (s *session) farewell(e *pgproto3.ErrorResponse) {
	s.conn.SetWriteDeadline(time.Now().Add(time.Second)) //nolint:errcheck // best effort
	s.fatal(e)
}

// answer handles one message; false ends the session.
func (s *session) answer(message pgproto3.FrontendMessage) bool {
	switch m := message.(type) {
	case *pgproto3.Terminate:
		return false
	case *pgproto3.Query:
		if s.replicating {
			return s.replicate(m.String)
		}
		s.simple(m.String)
		return s.readyForQuery()
	case *pgproto3.Sync:
		if !s.skipping {
			s.tell(s.finish())
		}
		s.skipping = false
		return s.readyForQuery()
	case *pgproto3.Flush:
		return s.backend.Flush() == nil
	}
	if s.skipping {
		return true
	}
	if err := s.extended(message); err != nil {
		s.skipping = true
		s.fails()
		s.tell(err)
	}
	return true
}

// tell sends an error, if there is one.
func (s *session) tell(err *pgproto3.ErrorResponse) {
	if err != nil {
		s.d.i.metrics.errors.Add(1)
		s.backend.Send(err)
	}
}

func (s *session) readyForQuery() bool {
	s.tellPosition()
	s.backend.Send(&pgproto3.ReadyForQuery{TxStatus: s.tx.status()})
	return s.backend.Flush() == nil
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
		ctx, cancel = context.WithTimeout(context.Background(), limit)
	}
	s.setCancel(cancel)
	began := time.Now()
	m := s.d.i.metrics
	m.requests.Add(1)
	m.inFlight.Add(1)
	defer func() {
		s.setCancel(nil)
		cancel()
		m.inFlight.Add(-1)
		m.requestTime.Add(int64(time.Since(began)))
	}()
	s.notePosition()
	var got result
	var err *pgproto3.ErrorResponse
	switch {
	case p.statement.own != nil:
		got, err = p.statement.own.run(ctx, s, texts(p.args))
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

func (s *session) setCancel(cancel context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelCurrent = cancel
}

// cancelStatement ends the statement that runs now, if there is one. Any goroutine may call it.
func (s *session) cancelStatement() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancelCurrent != nil {
		s.cancelCurrent()
	}
}

// describe is the statement's row description in the given formats (as in Bind: none is all text, one is for all).
func (s *statement) describe(formats []int16) pgproto3.BackendMessage {
	if len(s.Fields) == 0 {
		return &pgproto3.NoData{}
	}
	d := &pgproto3.RowDescription{}
	for n, f := range s.Fields {
		d.Fields = append(d.Fields, pgproto3.FieldDescription{
			Name: []byte(f.Name), DataTypeOID: f.OID, DataTypeSize: sizeOf(f.OID), TypeModifier: -1, Format: formatOf(formats, n),
		})
	}
	return d
}

// sizeOf is how many bytes a type has in binary, -1 where that differs.
func sizeOf(oid uint32) int16 {
	switch oid {
	case pgtype.BoolOID:
		return 1
	case pgtype.Int2OID:
		return 2
	case pgtype.Int4OID, pgtype.Float4OID, pgtype.DateOID:
		return 4
	case pgtype.Int8OID, pgtype.Float8OID, pgtype.TimestamptzOID, pgtype.TimestampOID, pgtype.TimeOID:
		return 8
	case pgtype.UUIDOID:
		return 16
	}
	return -1
}

func formatOf(formats []int16, n int) int16 {
	switch {
	case len(formats) == 1:
		return formats[0]
	case n < len(formats):
		return formats[n]
	default:
		return pgtype.TextFormatCode
	}
}

// encode is a row's values in their formats.
func encode(row []any, fields []sqlengine.Field, formats []int16) (*pgproto3.DataRow, error) {
	out := &pgproto3.DataRow{Values: make([][]byte, len(row))}
	var err error
	for n, value := range row {
		if out.Values[n], err = sqlengine.Encode(fields[n].OID, formatOf(formats, n), value); err != nil {
			return nil, err
		}
	}
	return out, nil
}
