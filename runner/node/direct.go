package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/node/internal/mysql"
	"github.com/squallhq/squall/runner/node/internal/redis"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

// Question is what is asked of a database or of Redis directly: SQL with its arguments, or a command. Keep: the answer is wanted.
type Question struct {
	SQL     string
	Args    []string
	Command []string
	Keep    bool
}

// Direct is one connection over which a database or Redis is asked directly, one question at a time.
type Direct interface {
	// Ask is the answer, as JSON, or of Redis a text as it is; nil where it is not to be kept. What the server says in place of an
	// answer is a *Refusal.
	Ask(ctx context.Context, q Question) ([]byte, error)
	// Broken tells that it can be used no more.
	Broken() bool
	// Close ends it. ctx bounds how long its driver may take for that.
	Close(ctx context.Context)
}

// Refusal is what a server says in place of an answer.
type Refusal struct {
	// Code is the server's own: a SQLSTATE of PostgreSQL, a number of MariaDB and MySQL, the first word of Redis.
	Code string
	// NotDone tells that nothing of what was asked was done. Again: it may be done when it is asked another time.
	NotDone, Again bool
	Err            error
}

func (r *Refusal) Error() string { return r.Err.Error() }
func (r *Refusal) Unwrap() error { return r.Err }

// OpenDirect opens a connection to a node that is a database, built in or not, or Redis.
func OpenDirect(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node) (Direct, error) {
	switch n.Speaks() {
	case parts.SpeaksRedis:
		return keyed{redis.OpenDirect(dial, n.Login())}, nil
	case parts.SpeaksMySQL:
		d, err := mysql.OpenDirect(ctx, dial, n.Login())
		if err != nil {
			return nil, refusedByMySQL(err)
		}
		return numbered{d}, nil
	}
	d, err := store.OpenDirect(ctx, dial, n.Login())
	if err != nil {
		return nil, refusedByPostgres(err)
	}
	return rows{d}, nil
}

// rows is PostgreSQL, and what is built in.
type rows struct{ *store.Direct }

func (d rows) Ask(ctx context.Context, q Question) ([]byte, error) {
	a, err := d.Query(ctx, q.SQL, q.Args, q.Keep)
	if err != nil {
		return nil, refusedByPostgres(err)
	}
	if !q.Keep {
		return nil, nil
	}
	return a.JSON(), nil
}

func refusedByPostgres(err error) error {
	state := store.State(err)
	if state == "" {
		return err
	}
	class := state[:min(2, len(state))]
	return &Refusal{
		Code: state, Err: err,
		// A server that goes down, or a connection that it ends, says nothing of what it had begun.
		NotDone: state != "40003" && class != "08" && !strings.HasPrefix(state, "57P"),
		Again:   slices.Contains([]string{"08", "40", "53", "55", "57"}, class),
	}
}

// numbered is MariaDB and MySQL.
type numbered struct{ *mysql.Direct }

func (d numbered) Ask(ctx context.Context, q Question) ([]byte, error) {
	a := &store.Answer{}
	args := make([]any, len(q.Args))
	for n, text := range q.Args {
		args[n] = text
	}
	count, err := d.Query(ctx, q.SQL, args, func(columns []string) { a.Begin(columns, q.Keep) }, a.Row)
	if err != nil {
		return nil, refusedByMySQL(err)
	}
	if !q.Keep {
		return nil, nil
	}
	a.Count = count
	return a.JSON(), nil
}

func (d numbered) Close(context.Context) { d.Direct.Close() }

// The numbers of a server that goes down or ends a connection, and of what may be done at another time: too many connections, a wait for
// a lock that was too long, a deadlock.
var (
	endings = []uint16{1053, 1077, 1079, 1152, 1927, 3169}
	later   = []uint16{1040, 1203, 1205, 1213}
)

func refusedByMySQL(err error) error {
	number := mysql.Number(err)
	if number == 0 {
		return err
	}
	ends := slices.Contains(endings, number)
	return &Refusal{Code: strconv.Itoa(int(number)), Err: err, NotDone: !ends, Again: ends || slices.Contains(later, number)}
}

// keyed is Redis.
type keyed struct{ *redis.Direct }

func (d keyed) Ask(ctx context.Context, q Question) ([]byte, error) {
	answer, err := d.Do(ctx, q.Command)
	if word := redis.Said(err); word != "" {
		return nil, &Refusal{
			Code: word, Err: err, NotDone: !strings.HasPrefix(strings.ToUpper(q.Command[0]), "EVAL") && !strings.EqualFold(q.Command[0], "FCALL"),
			Again: slices.Contains([]string{"LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "OOM", "NOREPLICAS"}, word),
		}
	}
	if err != nil || !q.Keep {
		return nil, err
	}
	if text, is := answer.(string); is {
		return []byte(text), nil
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", q.Command[0], err)
	}
	return body, nil
}

func (d keyed) Close(context.Context) { d.Direct.Close() }
