package database

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/squallhq/squall/runner/node/internal/host"
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
	// span is of the statement that runs.
	span host.Trace
	// limited: the wait for the next message has a limit.
	limited bool

	mu            sync.Mutex
	cancelCurrent context.CancelFunc
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
	if s.d.replication != nil && m.Parameters["replication"] != "" {
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
		host.ErrorsTotal.In(s.d.i.Metrics).Add(1)
		s.backend.Send(err)
	}
}

func (s *session) readyForQuery() bool {
	s.tellPosition()
	s.backend.Send(&pgproto3.ReadyForQuery{TxStatus: s.tx.status()})
	return s.backend.Flush() == nil
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
