package sqlengine

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// The one kind of row that a load makes by the thousand need not go through SQLite one at a time: its record is its
// values, and it waits in memory until something has to do with the tables, or until enough wait; then all are
// inserted in one transaction, whose record says how many it covers. A row costs a sixth so. What is durable is no
// less so, and who reads sees it: a reader inserts the waiting rows in pages of its own, which are dropped when the
// writer's take their place.

// The first byte of a record says what it is.
const (
	recordPages = 'p' // how many waiting rows it covers, and what changed of the pages
	recordRow   = 'r' // the values, each after its length
)

// mostWaiting rows are inserted with the next one.
const mostWaiting = 64

// waiting are the rows, under the engine's lock.
type waiting struct {
	insert *Statement // what inserts one
	schema [4]byte    // of the tables when that was said: rows wait only while they are as they were
	rows   [][]string
	// Of the rows, the first so many are durable; in the pages of the writer's commits; and in those of the reader.
	durable, committed, read int
	// covers is how many are in each commit that is not durable yet.
	covers []int
	// inserted is how many the writer has inserted since its last commit. Only the writer uses it.
	inserted int
}

// Defer says which statement's rows may wait: one that inserts values of type text, and nothing else.
func (e *Engine) Defer(insert *Statement) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting.insert, e.waiting.schema = insert, e.pages.cookie(e.pages.tip)
}

// Moment is a time as tables have it.
func Moment(t time.Time) string { return t.UTC().Format(momentForm) }

// Put is a transaction of one row of Defer's statement, and its record. The caller holds the lock of writers.
func (e *Engine) Put(ctx context.Context, values []string, c Call) (record []byte, err error) {
	e.mu.Lock()
	w := &e.waiting
	if len(w.rows)-w.committed < mostWaiting && e.pages.cookie(e.pages.tip) == w.schema {
		defer e.mu.Unlock()
		w.rows = append(w.rows, values)
		return encodeRow(values), nil
	}
	e.mu.Unlock()
	if _, err := e.Exec(ctx, w.insert, asArguments(values), c); err != nil {
		return nil, firstOf(err, e.Rollback())
	}
	return e.Commit()
}

func encodeRow(values []string) []byte {
	record := append(make([]byte, 0, 128), recordRow)
	for _, v := range values {
		record = binary.AppendUvarint(record, uint64(len(v)))
		record = append(record, v...)
	}
	return record
}

func decodeRow(record []byte) (values []string, err error) {
	for len(record) > 0 {
		length, size := binary.Uvarint(record)
		if size <= 0 || length > uint64(len(record)-size) {
			return nil, errRecord
		}
		end := size + int(length)
		values = append(values, string(record[size:end]))
		record = record[end:]
	}
	return values, nil
}

func asArguments(values []string) []any {
	args := make([]any, len(values))
	for n, v := range values {
		args[n] = v
	}
	return args
}

// catchUp has the writer insert what waits, before it does anything else.
func (e *Engine) catchUp() error {
	e.mu.Lock()
	w := &e.waiting
	rows := w.rows[w.committed+w.inserted:]
	e.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	if err := e.writer.insertAll(w.insert, rows); err != nil {
		return err
	}
	w.inserted += len(rows)
	return nil
}

// insertAll is one transaction where none is under way.
func (c *connection) insertAll(insert *Statement, rows [][]string) (err error) {
	if c.db.GetAutocommit() {
		if err := c.command("BEGIN IMMEDIATE"); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = c.command("COMMIT")
			} else {
				err = errors.Join(err, c.command("ROLLBACK"))
			}
		}()
	}
	compiled, err := c.prepare(insert.sql)
	if err != nil {
		return err
	}
	for _, values := range rows {
		for n, v := range values {
			if err := compiled.BindText(n+1, v); err != nil {
				return failure(err)
			}
		}
		if err := compiled.Exec(); err != nil {
			return failure(err)
		}
	}
	return nil
}

// settle takes one record. e.mu is held.
func (e *Engine) settle(record []byte) error {
	if len(record) == 0 {
		return errRecord
	}
	w := &e.waiting
	switch kind, rest := record[0], record[1:]; kind {
	case recordRow:
		if w.durable == len(w.rows) { // another instance's, or another life's
			values, err := decodeRow(rest)
			if err != nil {
				return err
			}
			if w.insert == nil || len(values) != len(w.insert.Params) {
				return errRecord
			}
			w.rows = append(w.rows, values)
		}
		w.durable++
		return nil
	case recordPages:
		covers, rest, err := number(rest, 1<<31)
		if err != nil || covers > len(w.rows) {
			return errRecord
		}
		if len(w.covers) > 0 {
			w.covers = w.covers[1:]
			w.committed -= covers
		}
		w.rows, w.durable = w.rows[covers:], max(w.durable-covers, 0)
		if err := e.dropRead(); err != nil {
			return err
		}
		return e.pages.settle(rest)
	}
	return errRecord
}

// showWaiting has the reader insert the durable rows that wait. e.mu is held.
func (e *Engine) showWaiting() error {
	w := &e.waiting
	if w.read == w.durable {
		return nil
	}
	err := e.reader.insertAll(w.insert, w.rows[w.read:w.durable])
	if err == nil {
		w.read = w.durable
	}
	return err
}

// dropRead takes the reader's pages away. e.mu is held.
func (e *Engine) dropRead() error {
	if e.waiting.read == 0 {
		return nil
	}
	e.waiting.read = 0
	return e.reader.reset(e.pages.dropScratch)
}

// Waiting is the last durable row that waits and that a test takes; nil if none does.
func (e *Engine) Waiting(is func(values []string) bool) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for n := e.waiting.durable - 1; n >= 0; n-- {
		if is(e.waiting.rows[n]) {
			return e.waiting.rows[n]
		}
	}
	return nil
}

// ReadTables is Read without the rows that wait.
func (e *Engine) ReadTables(ctx context.Context, s *Statement, args []any, c Call) (Outcome, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reader.run(ctx, s, args, c)
}
