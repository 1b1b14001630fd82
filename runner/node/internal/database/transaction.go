package database

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/squallhq/squall/runner/node/internal/database/sqlengine"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
)

// transaction is a client's. Outside of BEGIN and COMMIT the statements up to the next Sync, or of one simple
// query, are one too, as in PostgreSQL.
//
// Isolation: a transaction that writes is alone from its first write (or lock, or savepoint) to its end; others wait
// for that, which squall_lock_seconds_total counts, and so transactions that write are serialisable, and none has to be
// tried again. Before its first write a transaction reads what is committed at each statement, as PostgreSQL's READ
// COMMITTED does. One that begins as SERIALIZABLE or REPEATABLE READ (and may write) is alone from its first
// statement. Who only reads waits for nobody.
type transaction struct {
	// explicit: there was a BEGIN.
	explicit               bool
	serializable, readOnly bool
	// failed: it takes nothing but its end, or that of a savepoint's part.
	failed bool
	// began is what now() says in it.
	began      time.Time
	savepoints int
	// alone: it holds the writers' lock, which unlock gives back.
	alone  bool
	unlock func()
	// put is the row that is all that it writes so far, nil where it writes others or none.
	put []string
	// span is of a statement that ends with the transaction, as no BEGIN has begun that.
	span host.Trace
	// releases are given back when everything is over, the last first.
	releases []func()
}

// status is what ReadyForQuery says.
func (t *transaction) status() byte {
	switch {
	case t == nil || !t.explicit:
		return 'I'
	case t.failed:
		return 'E'
	}
	return 'T'
}

func (t *transaction) release() {
	for n := len(t.releases) - 1; n >= 0; n-- {
		t.releases[n]()
	}
	t.releases = nil
}

// within is the transaction that a statement runs in, made if need be.
func (s *session) within() *transaction {
	if s.tx == nil {
		s.tx = &transaction{began: time.Now()}
	}
	return s.tx
}

// alone makes the session's transaction the only one that writes.
func (s *session) alone(ctx context.Context) *pgproto3.ErrorResponse {
	t := s.within()
	if t.alone {
		return nil
	}
	if err := s.d.takesWrites(); err != nil {
		return err
	}
	if t.readOnly {
		return sqlError("25006", "cannot write in a read-only transaction")
	}
	unlock, err := s.d.writers.take(ctx, "")
	if err != nil {
		return cancelled()
	}
	if t.explicit && s.d.settled() != nil { // what it will read must not go away again
		unlock()
		return sqlError("58030", "the journal is broken")
	}
	if t.explicit {
		if err := s.d.engine.Begin(); err != nil {
			unlock()
			return engineError(err)
		}
	}
	t.alone, t.unlock = true, unlock
	return nil
}

// finish ends a transaction that no BEGIN has begun: it is committed when everything up to here went well.
func (s *session) finish() *pgproto3.ErrorResponse {
	if s.tx == nil || s.tx.explicit {
		return nil
	}
	if s.tx.alone { // it takes as long as the disk and the replicas do
		defer s.stay()()
	}
	return s.commit()
}

// stay counts the time that the database is at work for the client; the function ends it.
func (s *session) stay() (leave func()) {
	began := time.Now()
	m := s.d.i.Metrics
	host.InFlight.In(m).Add(1)
	m.Stays.Enter(began)
	return func() {
		now := time.Now()
		host.InFlight.In(m).Add(-1)
		host.RequestSecondsTotal.In(m).Add(int64(now.Sub(began)))
		m.Stays.Leave(began, now)
	}
}

// commit makes the transaction durable, and returns when it is.
func (s *session) commit() (refusal *pgproto3.ErrorResponse) {
	t := s.tx
	s.tx = nil
	if t == nil {
		return nil
	}
	defer t.release()
	if !t.alone {
		return nil
	}
	defer func() { s.d.spanEnds(t.span, refusal) }()
	last, refusal := s.d.record(t.put)
	// The next writer may go on while the disk works: its record will stand behind this one.
	t.unlock()
	if refusal != nil || last == nil {
		return refusal
	}
	if err := last.Wait(); err != nil {
		return sqlError("58030", err.Error())
	}
	return s.replicated(last)
}

// record commits what was written, and is the batch of the journal with which it is durable; the batch before, if
// nothing was: what the client was told of must be durable too. The caller holds the writers' lock.
func (d *database) record(put []string) (*journal.Batch, *pgproto3.ErrorResponse) {
	var record []byte
	var err error
	if put != nil {
		record, err = d.engine.Put(context.Background(), put, sqlengine.Call{})
	} else {
		record, err = d.engine.Commit()
	}
	if err != nil {
		return nil, engineError(err)
	}
	if record == nil {
		return d.last, nil
	}
	last, err := d.journal.Begin(record)
	if err != nil {
		return nil, sqlError("58030", err.Error())
	}
	d.last = last
	return last, nil
}

// putDown writes the row that the transaction has put off, before it does something else.
func (s *session) putDown(ctx context.Context) *pgproto3.ErrorResponse {
	put := s.tx.put
	if put == nil {
		return nil
	}
	s.tx.put = nil
	_, err := s.execute(ctx, s.d.own.insert, []any{put[0], put[1], put[2], put[3]}, sqlengine.Call{})
	return err
}

// abort takes back what the transaction has done, and ends it.
func (s *session) abort() {
	if s.tx == nil {
		return
	}
	s.undo()
	s.tx = nil
}

// undo takes back what the transaction has done and lets others write.
func (s *session) undo() {
	if s.tx.alone {
		s.d.engine.Rollback() //nolint:errcheck // there is nothing to take back then
		s.tx.alone, s.tx.put = false, nil
		s.tx.unlock()
	}
	s.d.spanEnds(s.tx.span, sqlError("40000", "rolled back"))
	s.tx.release()
	s.tx.savepoints = 0
}

// fails notes that a statement has failed.
func (s *session) fails() {
	switch {
	case s.tx == nil:
	case !s.tx.explicit:
		s.abort()
	default:
		s.tx.failed = true
		if s.tx.savepoints == 0 {
			s.undo()
		}
	}
}

// settled waits until every commit so far is durable. The caller holds the writers' lock.
func (d *database) settled() error {
	if d.last == nil {
		return nil
	}
	return d.last.Wait()
}

func cancelled() *pgproto3.ErrorResponse {
	return sqlError("57014", "canceling statement due to user request")
}

// engineError is an error of the engine's as a client is told of it.
func engineError(err error) *pgproto3.ErrorResponse {
	var e *sqlengine.Error
	if !errors.As(err, &e) {
		return sqlError("XX000", err.Error())
	}
	told := sqlError(e.Code, e.Message)
	told.Hint = e.Hint
	return told
}

// control carries out BEGIN, COMMIT and what else is the session's own.
func (s *session) control(ctx context.Context, c *sqlengine.Control) (tag string, _ *pgproto3.ErrorResponse) {
	switch c.Verb {
	case "BEGIN":
		if s.tx.status() != 'I' {
			s.warn("25001", "there is already a transaction in progress")
			return c.Tag, nil
		}
		t := s.within()
		t.explicit, t.serializable, t.readOnly = true, c.Serializable, c.ReadOnly
		return c.Tag, nil
	case "COMMIT", "ROLLBACK":
		return s.end(c.Verb)
	case "SAVEPOINT", "ROLLBACK TO", "RELEASE":
		return s.savepoint(ctx, c)
	}
	return s.setting(c)
}

// end is COMMIT or ROLLBACK.
func (s *session) end(verb string) (tag string, _ *pgproto3.ErrorResponse) {
	if s.tx.status() == 'I' {
		s.warn("25P01", "there is no transaction in progress")
	}
	if verb == "ROLLBACK" || s.tx != nil && s.tx.failed {
		s.abort()
		return "ROLLBACK", nil
	}
	return verb, s.commit()
}

// savepoint is SAVEPOINT, ROLLBACK TO or RELEASE. Their transaction is alone from then on.
func (s *session) savepoint(ctx context.Context, c *sqlengine.Control) (tag string, _ *pgproto3.ErrorResponse) {
	if s.tx.status() == 'I' {
		return "", sqlError("25P01", c.Verb+" can only be used in transaction blocks")
	}
	if c.Verb != "SAVEPOINT" && s.tx.savepoints == 0 {
		return "", sqlError("3B001", "savepoint \""+c.Name+"\" does not exist")
	}
	if err := s.alone(ctx); err != nil {
		return "", err
	}
	if err := s.putDown(ctx); err != nil {
		return "", err
	}
	if err := s.d.engine.Savepoint(c.Verb, c.Name); err != nil {
		return "", engineError(err)
	}
	switch c.Verb {
	case "SAVEPOINT":
		s.tx.savepoints++
	case "ROLLBACK TO":
		s.tx.failed = false
		return "ROLLBACK", nil
	}
	return c.Verb, nil
}

func (s *session) warn(code, message string) {
	s.backend.Send(&pgproto3.NoticeResponse{Severity: "WARNING", SeverityUnlocalized: "WARNING", Code: code, Message: message})
}
