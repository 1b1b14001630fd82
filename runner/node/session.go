package node

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
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
// and the extended one as pgx speaks it. Only its own goroutine uses it, but for cancelStatement.
type session struct {
	d       *database
	conn    net.Conn
	backend *pgproto3.Backend
	pid     uint32
	secret  uint32

	prepared map[string]*statement
	portals  map[string]*portal
	// skipping: an error was sent, everything up to the next Sync is passed over.
	skipping bool

	mu            sync.Mutex
	cancelCurrent context.CancelFunc
}

// portal is a statement with its arguments, ready to run.
type portal struct {
	statement *statement
	args      []string
	formats   []int16
}

// nothing is the statement without words.
var nothing = &statement{}

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
	who := parseDSN(s.d.node().DSN)
	if who.password == "" {
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
	if !ok || user != who.user || password.Password != who.password {
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

// loop answers messages until the client leaves, the connection breaks or the database drains.
func (s *session) loop() {
	for {
		message, err := s.backend.Receive()
		if err != nil {
			if s.d.isDraining() {
				s.conn.SetWriteDeadline(time.Now().Add(time.Second)) //nolint:errcheck // best effort
				s.fatal(sqlError("57P01", "terminating connection due to administrator command"))
			}
			return
		}
		if !s.answer(message) {
			return
		}
	}
}

// answer handles one message; false ends the session.
func (s *session) answer(message pgproto3.FrontendMessage) bool {
	switch m := message.(type) {
	case *pgproto3.Terminate:
		return false
	case *pgproto3.Query:
		s.simple(m.String)
		return s.readyForQuery()
	case *pgproto3.Sync:
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
		s.d.i.metrics.errors.Add(1)
		s.backend.Send(err)
	}
	return true
}

func (s *session) readyForQuery() bool {
	s.backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	return s.backend.Flush() == nil
}

// simple answers one statement of the simple query protocol.
func (s *session) simple(sql string) {
	if normal(sql) == "" {
		s.backend.Send(&pgproto3.EmptyQueryResponse{})
		return
	}
	st, err := lookup(sql)
	if err == nil && st.params > 0 {
		err = sqlError("42P02", "there is no parameter $1")
	}
	if err == nil {
		if len(st.fields) > 0 {
			s.backend.Send(st.describe(nil))
		}
		err = s.run(&portal{statement: st})
	}
	if err != nil {
		s.d.i.metrics.errors.Add(1)
		s.backend.Send(err)
	}
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
		return s.execute(m)
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
	st, err := nothing, (*pgproto3.ErrorResponse)(nil)
	if normal(m.Query) != "" {
		if st, err = lookup(m.Query); err != nil {
			return err
		}
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
	if len(m.Parameters) != st.params {
		return sqlError("08P01", "wrong number of parameters")
	}
	p := &portal{statement: st, formats: append([]int16(nil), m.ResultFormatCodes...)}
	for _, value := range m.Parameters {
		if value == nil {
			return sqlError("23502", "null value violates not-null constraint")
		}
		p.args = append(p.args, string(value)) // text is the same in both formats
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
	params := &pgproto3.ParameterDescription{}
	for range st.params {
		params.ParameterOIDs = append(params.ParameterOIDs, pgtype.TextOID)
	}
	s.backend.Send(params)
	s.backend.Send(st.describe(nil))
	return nil
}

func (s *session) execute(m *pgproto3.Execute) *pgproto3.ErrorResponse {
	p := s.portals[m.Portal]
	switch {
	case p == nil:
		return sqlError("34000", "portal \""+m.Portal+"\" does not exist")
	case m.MaxRows > 0:
		return sqlError("0A000", "the built-in database does not give results in parts")
	case p.statement == nothing:
		s.backend.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	return s.run(p)
}

// run carries out one statement, in a context that a cancel request ends.
func (s *session) run(p *portal) *pgproto3.ErrorResponse {
	ctx, cancel := context.WithCancel(context.Background())
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
	rows := 0
	tag, err := p.statement.run(ctx, s.d, p.args, func(row ...any) {
		s.backend.Send(encode(row, p.formats))
		if rows++; rows%flushEvery == 0 {
			s.backend.Flush() //nolint:errcheck // a broken connection shows at the end of the statement
		}
	})
	if err != nil {
		return err
	}
	s.backend.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
	return nil
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
