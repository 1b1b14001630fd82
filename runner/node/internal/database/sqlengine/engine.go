// Package sqlengine is the SQL engine under the built-in database: SQLite, spoken to in PostgreSQL's dialect, on a
// file that is kept in memory (pages.go). What makes it durable is not its own: every transaction that changes
// something gives a record (record.go), which the caller writes to a journal and settles here when that is done.
//
// There are two connections to SQLite. The writer's executes transactions, one at a time: who uses Begin, Exec,
// Commit and Rollback must hold a lock of the caller's from the first to the last, which is what makes transactions
// serialisable. The reader's answers everything outside of transactions, at any time, from what is durable.
//
// Weighed: modernc.org/sqlite (1 µs more a statement through database/sql, which brings a goroutine for each pool; no way
// to put a file system of one's own in Go beneath) and github.com/ncruces/go-sqlite3, taken: the same SQLite
// translated to Go, no C compiler needed, MIT, no goroutine, its file system is an interface of Go's. It costs
// 9 MB of the binary, 0.3 ms and some 400 kB for each of the two connections of a database.
package sqlengine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Engine is one database. Reads and settling may go on at any time; see the package for who may write.
type Engine struct {
	pages  *pages
	vfs    string
	writer *connection

	mu     sync.Mutex // held while reading, and while something becomes durable
	reader *connection
	known  map[string]*Statement
	cookie [4]byte
	// of is what the tables were when known was empty.
	of      *columns
	waiting waiting
	// altered: the transaction under way has changed a table, so that only the writer knows the columns.
	altered bool
}

// Open is a new database, with what the schema's statements make of it. They must be the same in every life of a
// database: records are changes to what they made.
func Open(schema ...string) (*Engine, error) {
	e := &Engine{pages: &pages{changed: make(map[uint32]page), scratch: make(map[uint32]page)}}
	e.vfs = fmt.Sprintf("squall-%p", e.pages)
	vfs.Register(e.vfs, e.pages)
	var err error
	if e.writer, err = connect(e.vfs, writerName); err == nil {
		err = e.build(schema)
	}
	if err == nil {
		e.reader, err = connect(e.vfs, readerName)
	}
	if err != nil {
		e.Close() //nolint:errcheck // the first error is what matters
		return nil, fmt.Errorf("open SQL engine: %w", err)
	}
	return e, nil
}

// build makes the schema, durable without a record.
func (e *Engine) build(schema []string) error {
	for _, sql := range schema {
		statements, err := Parse(sql)
		if err != nil {
			return err
		}
		for _, s := range statements {
			r, err := e.translate(s)
			if err != nil {
				return err
			}
			if err := e.writer.db.Exec(r.sql); err != nil {
				return err
			}
		}
	}
	_, err := e.pages.take(0)
	if err == nil {
		err = e.pages.settle(nil)
	}
	return err
}

// Close gives everything back.
func (e *Engine) Close() error {
	defer vfs.Unregister(e.vfs)
	return firstOf(e.reader.close(), e.writer.close())
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Settle makes a record's transaction durable: readers see it from now on. Records come in the order of their
// transactions; those of a journal, or of another instance, make this database what it was there.
func (e *Engine) Settle(record []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settle(record)
}

// Call is the circumstances of a statement's run.
type Call struct {
	// Now is what now() says, Chance where random() and gen_random_uuid() come from.
	Now    time.Time
	Chance *rand.Rand
}

// Outcome is what a statement has done.
type Outcome struct {
	Rows [][]any // nil, int64, float64, string or []byte, by the statement's fields
	// Changed is how many rows were written.
	Changed int64
	// Sleep is how long the answer is to wait: for pg_sleep.
	Sleep time.Duration
}

// Read runs a statement that writes nothing, on what is durable.
func (e *Engine) Read(ctx context.Context, s *Statement, args []any, c Call) (Outcome, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.showWaiting(); err != nil {
		return Outcome{}, err
	}
	return e.reader.run(ctx, s, args, c)
}

// Begin starts a transaction that may have savepoints. Without it what is executed up to Commit or Rollback is one
// too: pages that are not committed here are taken back whatever SQLite thinks of them. The caller holds the lock of writers.
func (e *Engine) Begin() error {
	if err := e.catchUp(); err != nil {
		return err
	}
	return e.writer.command("BEGIN IMMEDIATE")
}

// Exec runs a statement in the transaction, or as one by itself. The caller holds the lock of writers.
func (e *Engine) Exec(ctx context.Context, s *Statement, args []any, c Call) (Outcome, error) {
	if err := e.catchUp(); err != nil {
		return Outcome{}, err
	}
	o, err := e.writer.run(ctx, s, args, c)
	if err == nil && s.defines {
		e.setAltered(true)
	}
	return o, err
}

// Savepoint runs SAVEPOINT, ROLLBACK TO or RELEASE with a name.
func (e *Engine) Savepoint(verb, name string) error {
	return failure(e.writer.db.Exec(verb + " " + token{kind: quoted, text: name}.sql()))
}

// Commit ends the transaction and returns its record, nil if it has changed nothing. What it has changed is seen by
// the next transaction at once, and by readers when the record is settled.
func (e *Engine) Commit() (record []byte, err error) {
	if !e.writer.db.GetAutocommit() {
		if err := e.writer.command("COMMIT"); err != nil {
			return nil, firstOf(err, e.Rollback())
		}
	}
	covers := e.waiting.inserted
	e.waiting.inserted = 0
	if record, err = e.pages.take(covers); err != nil {
		return nil, firstOf(err, e.reread())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.altered = false
	if record != nil {
		e.waiting.committed += covers
		e.waiting.covers = append(e.waiting.covers, covers)
	}
	return record, nil
}

// reread has the writer find out anew which tables there are, where pages were taken back that it takes for committed.
func (e *Engine) reread() error {
	if !e.altered {
		return nil
	}
	defer e.setAltered(false)
	e.writer.drop()
	return e.writer.command("PRAGMA writable_schema = RESET")
}

// Rollback ends the transaction as if it had never begun.
func (e *Engine) Rollback() error {
	var err error
	if !e.writer.db.GetAutocommit() {
		err = e.writer.command("ROLLBACK")
	}
	e.pages.forget()
	e.waiting.inserted = 0
	return firstOf(err, e.reread())
}

func (e *Engine) setAltered(to bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.altered = to
}

// connection is one of SQLite's, with its compiled statements.
type connection struct {
	db       *sqlite3.Conn
	compiled map[string]*sqlite3.Stmt
	now      circumstances
}

// mostCompiled bounds how many statements a connection keeps.
const mostCompiled = 200

func connect(through, name string) (*connection, error) {
	db, err := sqlite3.Open("file:" + name + "?vfs=" + through)
	if err != nil {
		return nil, err
	}
	c := &connection{db: db, compiled: make(map[string]*sqlite3.Stmt)}
	c.now.rand = rand.New(rand.NewPCG(0, 0))
	for _, p := range []string{"cache_spill = OFF", "synchronous = OFF", "journal_mode = MEMORY", "temp_store = MEMORY", "foreign_keys = ON"} {
		if err := db.Exec("PRAGMA " + p); err != nil {
			db.Close()
			return nil, fmt.Errorf("%s: %w", p, err)
		}
	}
	if err := register(db, &c.now); err != nil {
		db.Close()
		return nil, err
	}
	return c, nil
}

func (c *connection) close() error {
	if c == nil {
		return nil
	}
	c.drop()
	return c.db.Close()
}

// drop gives the compiled statements back.
func (c *connection) drop() {
	for _, s := range c.compiled {
		s.Close()
	}
	clear(c.compiled)
}

func (c *connection) prepare(sql string) (*sqlite3.Stmt, error) {
	if s := c.compiled[sql]; s != nil {
		return s, nil
	}
	if len(c.compiled) >= mostCompiled {
		c.drop()
	}
	s, _, err := c.db.Prepare(sql)
	if err != nil {
		return nil, failure(err)
	}
	if s == nil {
		return nil, &Error{Code: "42601", Message: "syntax error at end of input"}
	}
	c.compiled[sql] = s
	return s, nil
}

// command runs what has no arguments and no result.
func (c *connection) command(sql string) error {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	return failure(s.Exec())
}

// reset has the connection forget what it has read, after something has changed beneath it.
func (c *connection) reset(change func()) error {
	change()
	_, err := c.db.FileControl("main", sqlite3.FCNTL_RESET_CACHE)
	return err
}

// run executes a statement to its end.
func (c *connection) run(ctx context.Context, s *Statement, args []any, with Call) (o Outcome, err error) {
	compiled, err := c.prepare(s.sql)
	if err != nil {
		return o, err
	}
	c.now = circumstances{now: with.Now, rand: with.Chance}
	c.db.SetInterrupt(ctx)
	defer func() {
		c.db.SetInterrupt(context.Background())
		o.Sleep = c.now.sleep
		if reset := withinMemory(func() error { return failure(compiled.Reset()) }); err == nil {
			err = reset
		}
	}()
	err = withinMemory(func() error { return c.step(compiled, s, args, &o) })
	return o, err
}

// withinMemory makes an error of the panic that SQLite's binding makes of a statement that wants too much memory;
// SQLite itself has coped with it.
func withinMemory(do func() error) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if e, is := r.(error); !is || !strings.Contains(e.Error(), "out of memory") {
			panic(r)
		}
		err = &Error{Code: "53200", Message: "out of memory: the built-in database has 256 MB for a statement"}
	}()
	return do()
}

// step takes a statement through all its rows.
func (c *connection) step(compiled *sqlite3.Stmt, s *Statement, args []any, o *Outcome) error {
	for n, arg := range args {
		if n >= compiled.BindCount() { // a parameter that is nowhere in it
			break
		}
		if err := bind(compiled, n+1, arg); err != nil {
			return failure(err)
		}
	}
	for compiled.Step() {
		if compiled.ColumnCount() != len(s.Fields) { // clients know these words, and prepare anew
			return &Error{Code: "0A000", Message: "cached plan must not change result type"}
		}
		row := make([]any, len(s.Fields))
		if err := compiled.Columns(row...); err != nil {
			return failure(err)
		}
		o.Rows = append(o.Rows, row)
	}
	if err := compiled.Err(); err != nil {
		return failure(err)
	}
	if s.Writes && !s.defines {
		o.Changed = c.db.Changes()
	}
	return nil
}

func bind(s *sqlite3.Stmt, at int, value any) error {
	switch v := value.(type) {
	case nil:
		return s.BindNull(at)
	case int64:
		return s.BindInt64(at, v)
	case float64:
		return s.BindFloat(at, v)
	case string:
		return s.BindText(at, v)
	case []byte:
		return s.BindBlob(at, v)
	}
	return fmt.Errorf("bind a %T", value)
}
