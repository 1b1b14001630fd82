package sqlengine

import (
	"errors"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// Error is what a client is told: PostgreSQL's SQLSTATE and words.
type Error struct {
	Code, Message string
	// Hint may say what would be right.
	Hint string
}

func (e *Error) Error() string { return e.Message + " (SQLSTATE " + e.Code + ")" }

const dialectHint = "The built-in database is SQLite under PostgreSQL's protocol: it knows the SQL that both share, with casts, types and functions of PostgreSQL's. With image: postgres a real one takes its place."

// unsupported names what the built-in database can't.
func unsupported(what string) *Error {
	return &Error{Code: "0A000", Message: "the built-in database does not know " + what, Hint: dialectHint}
}

// prefixes are SQLite's messages, and what PostgreSQL says in their place; the rest of the message stands in for %.
var prefixes = []struct{ prefix, code, message string }{
	{"no such table: ", "42P01", `relation "%" does not exist`},
	{"no such view: ", "42P01", `view "%" does not exist`},
	{"no such index: ", "42704", `index "%" does not exist`},
	{"no such column: ", "42703", `column "%" does not exist`},
	{"no such function: ", "42883", `function %() does not exist`},
	{"no such savepoint: ", "3B001", `savepoint "%" does not exist`},
	{"no such collation sequence: ", "42704", `collation "%" does not exist`},
	{"ambiguous column name: ", "42702", `column reference "%" is ambiguous`},
	{"duplicate column name: ", "42701", `column "%" specified more than once`},
	{"wrong number of arguments to function ", "42883", `function % does not exist with these arguments`},
	{"misuse of aggregate", "42803", `aggregate functions are not allowed here`},
	{"NOT NULL constraint failed: ", "23502", `null value in column "%" violates not-null constraint`},
	{"FOREIGN KEY constraint failed", "23503", `foreign key constraint is violated`},
	{"UNIQUE constraint failed: ", "23505", `duplicate key value violates unique constraint on "%"`},
	{"datatype mismatch", "42804", `datatype mismatch`},
	{"integer overflow", "22003", `bigint out of range`},
	{"ON CONFLICT clause does not match", "42P10", `there is no unique or exclusion constraint matching the ON CONFLICT specification`},
	{"interrupted", "57014", `canceling statement due to user request`},
	{"database or disk is full", "53100", `could not extend the database`},
	{"attempt to write a readonly database", "25006", `cannot write in a read-only transaction`},
}

// typeCheck begins the names of the constraints that hold a column to its type; see ddl.go.
const typeCheck = "squall type "

// coded is an error of a function of ours on its way through SQLite, which carries nothing but text.
func coded(err error) error {
	var ours *Error
	if errors.As(err, &ours) {
		return errors.New(codeMark + ours.Code + ours.Message)
	}
	return err
}

const codeMark = "squall SQLSTATE "

// failure is an error of SQLite's as PostgreSQL would put it.
func failure(err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	message := err.Error()
	var ours *sqlite3.Error
	if errors.As(err, &ours) {
		_, message, _ = strings.Cut(strings.TrimPrefix(message, "sqlite3: "), ": ")
	} else if errors.Is(err, sqlite3.INTERRUPT) {
		message = "interrupted"
	}
	if _, rest, is := strings.Cut(message, codeMark); is && len(rest) > 5 {
		return &Error{Code: rest[:5], Message: rest[5:]}
	}
	for _, p := range prefixes {
		if rest, is := strings.CutPrefix(message, p.prefix); is {
			return &Error{Code: p.code, Message: strings.Replace(p.message, "%", rest, 1)}
		}
	}
	return otherFailure(message)
}

func otherFailure(message string) *Error {
	if rest, is := strings.CutPrefix(message, "CHECK constraint failed: "); is {
		if of, is := strings.CutPrefix(rest, typeCheck); is {
			if strings.HasSuffix(of, ")") {
				return &Error{Code: "22001", Message: "value too long for type " + of}
			}
			return &Error{Code: "22P02", Message: "invalid input syntax for type " + of}
		}
		return &Error{Code: "23514", Message: `new row violates check constraint "` + rest + `"`}
	}
	switch {
	case strings.HasPrefix(message, "near "), strings.Contains(message, "syntax error"), strings.HasPrefix(message, "incomplete input"),
		strings.HasPrefix(message, "unrecognized token"):
		near, _, _ := strings.Cut(strings.TrimPrefix(message, "near "), ": ")
		if strings.HasPrefix(message, "incomplete") {
			return &Error{Code: "42601", Message: "syntax error at end of input"}
		}
		return &Error{Code: "42601", Message: "syntax error at or near " + near, Hint: dialectHint}
	case strings.Contains(message, "already exists"), strings.HasPrefix(message, "there is already"):
		return &Error{Code: "42P07", Message: "relation " + message}
	case strings.Contains(message, "values for") && strings.Contains(message, "columns"), strings.Contains(message, "values were supplied"),
		strings.Contains(message, "same number of result columns"), strings.Contains(message, "all VALUES must have"):
		return &Error{Code: "42601", Message: message}
	case strings.Contains(message, "has no column named"):
		return &Error{Code: "42703", Message: message}
	}
	return &Error{Code: "XX000", Message: message}
}
