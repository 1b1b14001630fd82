package database

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/squallhq/squall/runner/node/internal/database/sqlengine"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
	"github.com/squallhq/squall/runner/node/internal/store"
)

var readsTotal = host.NewCounter("squall_reads_total", "Rows asked for.")

// statement is what a session runs: one of the service's own, which cost what the node says, or any other.
type statement struct {
	*sqlengine.Statement
	own *ownStatement
}

// nothing is the statement without words.
var nothing = &statement{Statement: &sqlengine.Statement{}}

// ownStatement is one of those above. All its parameters are text.
type ownStatement struct {
	sql    string
	params int
	// why is the parameter that names the statement's cause, does what it does; "": nobody asks.
	why    int
	does   string
	fields []sqlengine.Field
	run    func(ctx context.Context, s *session, args []string) (result, *pgproto3.ErrorResponse)
}

// result is what a statement answers.
type result struct {
	rows [][]any
	tag  string
}

// ownStatements are what the service's own are carried out with.
type ownStatements struct {
	insert, event, claim, claimed, latest, readBack *sqlengine.Statement
}

func (d *database) prepareOwn() (own ownStatements, err error) {
	for sql, to := range map[string]**sqlengine.Statement{
		`INSERT INTO squall_writes (id, key, node, at) VALUES ($1, $2, $3, $4::text)`:                                   &own.insert,
		`INSERT INTO squall_keys (id) VALUES ($1) ON CONFLICT DO NOTHING`:                                               &own.claim,
		`SELECT 1 FROM squall_keys WHERE id = $1`:                                                                       &own.claimed,
		`SELECT id FROM squall_writes WHERE key = $1 ORDER BY at DESC LIMIT 1`:                                          &own.latest,
		`INSERT INTO squall_outbox (id, key, service, queue, request, once, at) VALUES ($1, $2, $3, $4, $5, $6, now())`: &own.event,
		store.SQLReadBack: &own.readBack,
	} {
		sources, err := sqlengine.Parse(sql)
		if err != nil {
			return own, err
		}
		if *to, err = d.engine.Prepare(sources[0], nil, false); err != nil {
			return own, err
		}
	}
	return own, nil
}

// ownTable is what is told apart from other SQL by its words.
var ownTable = func() map[string]*ownStatement {
	table := make(map[string]*ownStatement)
	for _, s := range []*ownStatement{
		{sql: store.SQLWriteOnce, params: 4, why: 3, does: "write once", run: func(ctx context.Context, s *session, args []string) (result, *pgproto3.ErrorResponse) {
			return s.writeOnce(ctx, args[0], args[1], args[2], nil)
		}},
		{sql: store.SQLWriteEvent, params: 8, why: 3, does: "write with an event", run: func(ctx context.Context, s *session, args []string) (result, *pgproto3.ErrorResponse) {
			return s.write(ctx, "", args[0], args[1], args[2], args[4:])
		}},
		{sql: store.SQLWriteOnceEvent, params: 8, why: 3, does: "write once with an event", run: func(ctx context.Context, s *session, args []string) (result, *pgproto3.ErrorResponse) {
			return s.writeOnce(ctx, args[0], args[1], args[2], args[4:])
		}},
		{sql: store.SQLWrite, params: 4, why: 3, does: "write", run: func(ctx context.Context, s *session, args []string) (result, *pgproto3.ErrorResponse) {
			return s.write(ctx, "", args[0], args[1], args[2], nil)
		}},
		{sql: store.SQLRead, params: 2, why: 1, does: "read", fields: idField, run: func(ctx context.Context, s *session, args []string) (result, *pgproto3.ErrorResponse) {
			return s.read(ctx, args[0], 0)
		}},
		{sql: store.SQLCostly, params: 3, why: 1, does: "costly read", fields: idField, run: func(ctx context.Context, s *session, args []string) (result, *pgproto3.ErrorResponse) {
			seconds, err := strconv.ParseFloat(args[2], 64)
			if err != nil || !(seconds >= 0 && seconds < 1e6) {
				return result{}, sqlError("22P02", "invalid input syntax for the cost of a query: "+strconv.Quote(args[2]))
			}
			return s.read(ctx, args[0], time.Duration(seconds*float64(time.Second)))
		}},
		{sql: store.SQLReadBack, fields: []sqlengine.Field{{Name: "id", OID: pgtype.TextOID}, {Name: "count", OID: pgtype.Int8OID}}, run: func(ctx context.Context, s *session, _ []string) (result, *pgproto3.ErrorResponse) {
			return s.execute(ctx, s.d.own.readBack, nil, sqlengine.Call{Now: time.Now()})
		}},
	} {
		table[normal(s.sql)] = s
	}
	return table
}()

var idField = []sqlengine.Field{{Name: "id", OID: pgtype.TextOID}}

// write makes a row of the service's; claim: the id to put down first, event: what the outbox is to have besides the
// id and the key, each if it is to be.
func (s *session) write(ctx context.Context, claim, id, key, node string, event []string) (result, *pgproto3.ErrorResponse) {
	if err := s.d.takesWrites(); err != nil {
		return result{}, err
	}
	c := s.span
	t := s.within()
	if s.d.node().RowLocks && !t.alone {
		unlock, err := s.d.locks.take(ctx, key)
		if err != nil {
			return result{}, cancelled()
		}
		t.releases = append(t.releases, unlock)
	}
	if err := s.d.spend(ctx, c, host.Draw(s.d.node().WriteTime, s.d.i.Chance(c, "write"))); err != nil {
		return result{}, err
	}
	first := !t.alone && !t.explicit && claim == "" && event == nil
	if err := s.alone(ctx); err != nil {
		return result{}, err
	}
	call := sqlengine.Call{Now: s.now()}
	if first { // a row alone is put down when the transaction is committed
		t.put = []string{id, key, node, sqlengine.Moment(call.Now)}
		journal.WritesTotal.In(s.d.i.Metrics).Add(1)
		return result{tag: "INSERT 0 1"}, nil
	}
	if claim != "" {
		got, err := s.execute(ctx, s.d.own.claim, []any{claim}, call)
		if err != nil || got.tag == "INSERT 0 0" {
			return got, err
		}
	}
	if event != nil {
		if got, err := s.execute(ctx, s.d.own.event, []any{id, key, event[0], event[1], event[2], event[3]}, call); err != nil {
			return got, err
		}
	}
	got, err := s.execute(ctx, s.d.own.insert, []any{id, key, node, sqlengine.Moment(call.Now)}, call)
	if err == nil {
		journal.WritesTotal.In(s.d.i.Metrics).Add(1)
	}
	return got, err
}

// writeOnce is write, unless a write of this id is there already. Who comes at the same time waits.
func (s *session) writeOnce(ctx context.Context, id, key, node string, event []string) (result, *pgproto3.ErrorResponse) {
	if t := s.within(); !t.alone {
		leave, err := s.d.KeyedLock.Acquire(ctx, id)
		if err != nil {
			return result{}, cancelled()
		}
		t.releases = append(t.releases, leave)
	}
	there, err := s.execute(ctx, s.d.own.claimed, []any{id}, sqlengine.Call{})
	if err != nil {
		return result{}, err
	}
	if len(there.rows) > 0 {
		journal.RepeatedWritesTotal.In(s.d.i.Metrics).Add(1)
		c := s.span
		return result{tag: "INSERT 0 0"}, s.d.spend(ctx, c, host.Draw(s.d.node().WriteTime, s.d.i.Chance(c, "write")))
	}
	return s.write(ctx, id, id, key, node, event)
}

// read finds the latest row of a key; the query costs so much besides what every read does.
func (s *session) read(ctx context.Context, key string, cost time.Duration) (result, *pgproto3.ErrorResponse) {
	readsTotal.In(s.d.i.Metrics).Add(1)
	c := s.span
	if err := s.d.spend(ctx, c, cost+host.Draw(s.d.node().ReadTime, s.d.i.Chance(c, "read"))); err != nil {
		return result{}, err
	}
	if s.tx != nil && s.tx.alone {
		return s.execute(ctx, s.d.own.latest, []any{key}, sqlengine.Call{Now: s.now()})
	}
	if row := s.d.engine.Waiting(func(values []string) bool { return values[1] == key }); row != nil {
		return result{[][]any{{row[0]}}, "SELECT 1"}, nil
	}
	return s.executeBy(ctx, s.d.engine.ReadTables, s.d.own.latest, []any{key}, sqlengine.Call{Now: s.now()})
}

// general runs any other statement. It costs what a read or a write of the service's costs, if it touches rows.
func (s *session) general(ctx context.Context, st *sqlengine.Statement, args []any) (result, *pgproto3.ErrorResponse) {
	s.number++
	c := host.Trace{Request: "sql-" + strconv.FormatUint(uint64(s.pid), 10) + "-" + strconv.FormatUint(s.number, 10)}
	m, n := s.d.i.Metrics, &s.d.i.Config.Node
	if st.Writes && s.tx != nil && s.tx.readOnly {
		return result{}, sqlError("25006", "cannot execute "+st.Tag+" in a read-only transaction")
	}
	if st.Writes {
		if err := s.d.takesWrites(); err != nil {
			return result{}, err
		}
	}
	var err *pgproto3.ErrorResponse
	switch {
	case !st.Rows:
	case st.Writes:
		journal.WritesTotal.In(m).Add(1)
		err = s.d.spend(ctx, c, host.Draw(n.WriteTime, s.d.i.Chance(c, "write")))
	default:
		readsTotal.In(m).Add(1)
		err = s.d.spend(ctx, c, host.Draw(n.ReadTime, s.d.i.Chance(c, "read")))
	}
	if err == nil && (st.Writes || s.tx != nil && s.tx.serializable && !s.tx.readOnly) {
		err = s.alone(ctx)
	}
	if err != nil {
		return result{}, err
	}
	return s.execute(ctx, st, args, sqlengine.Call{Now: s.now(), Chance: s.d.i.Chance(c, "random")})
}

// execute has the engine run a statement: for readers, or within the transaction that writes.
func (s *session) execute(ctx context.Context, st *sqlengine.Statement, args []any, call sqlengine.Call) (result, *pgproto3.ErrorResponse) {
	if s.tx == nil || !s.tx.alone {
		return s.executeBy(ctx, s.d.engine.Read, st, args, call)
	}
	if err := s.putDown(ctx); err != nil {
		return result{}, err
	}
	return s.executeBy(ctx, s.d.engine.Exec, st, args, call)
}

type running = func(context.Context, *sqlengine.Statement, []any, sqlengine.Call) (sqlengine.Outcome, error)

func (s *session) executeBy(ctx context.Context, run running, st *sqlengine.Statement, args []any, call sqlengine.Call) (result, *pgproto3.ErrorResponse) {
	outcome, err := run(ctx, st, args, call)
	if err != nil {
		return result{}, engineError(err)
	}
	if s.d.i.Sleep(ctx, outcome.Sleep) != nil {
		return result{}, cancelled()
	}
	tag := st.Tag
	switch tag {
	case "SELECT":
		tag += " " + strconv.Itoa(len(outcome.Rows))
	case "INSERT":
		tag += " 0 " + strconv.FormatInt(outcome.Changed, 10)
	case "UPDATE", "DELETE":
		tag += " " + strconv.FormatInt(outcome.Changed, 10)
	}
	return result{outcome.Rows, tag}, nil
}

// now is when the transaction began, or this moment outside of one.
func (s *session) now() time.Time {
	if s.tx != nil && s.tx.explicit {
		return s.tx.began
	}
	return time.Now()
}

// statementOf makes a statement ready; types are of its parameters, as far as the client knows them.
func (s *session) statementOf(source sqlengine.Source, types []uint32) (*statement, *pgproto3.ErrorResponse) {
	if own := ownTable[source.Text()]; own != nil {
		st := &statement{Statement: &sqlengine.Statement{Fields: own.fields}, own: own}
		for range own.params {
			st.Params = append(st.Params, pgtype.TextOID)
		}
		return st, nil
	}
	made, err := s.d.engine.Prepare(source, types, s.tx != nil && s.tx.alone)
	if err != nil {
		return nil, engineError(err)
	}
	if made.Control != nil {
		made.Fields = shown(made.Control)
	}
	return &statement{Statement: made}, nil
}

// normal is a statement of one's own as the engine's lexer writes it.
func normal(sql string) string {
	sources, err := sqlengine.Parse(sql)
	if err != nil || len(sources) != 1 {
		panic("a statement of the service's own does not parse: " + sql)
	}
	return sources[0].Text()
}

// sqlError is an ERROR with a SQLSTATE.
func sqlError(code, message string) *pgproto3.ErrorResponse {
	return &pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: message}
}
