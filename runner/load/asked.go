package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/squallhq/squall/runner/load/secure"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/sqltext"
)

// question is what a database or Redis is asked: a statement and its arguments, or the words of a command.
type question struct {
	sql   string
	args  []text
	words []text
}

// refusal is what a server says in place of an answer.
type refusal struct {
	// class is that of the failure, as in "sql 23505".
	class string
	// notDone tells that nothing was done, again that it may be done another time.
	notDone, again bool
}

func newQuestion(p *parser, r scenarios.Request) (template, error) {
	t := template{name: r.Send, method: string(r.Protocol()), host: p.load.To, goOn: r.GoOn, question: &question{}}
	for _, word := range r.Command {
		one, err := p.text(word, asIs)
		if err != nil {
			return template{}, err
		}
		t.question.words = append(t.question.words, one)
	}
	if r.Query != "" {
		dialect := sqltext.Postgres
		if p.to != nil {
			dialect = p.to.Dialect()
		}
		bound, err := sqltext.Bind(r.Query, dialect)
		if err != nil {
			return template{}, fmt.Errorf("query: %w", err)
		}
		t.question.sql = bound.SQL
		for _, name := range bound.Names {
			one, err := p.text("{"+name+"}", asIs)
			if err != nil {
				return template{}, err
			}
			t.question.args = append(t.question.args, one)
		}
	}
	return t, t.settle(p, r)
}

// fill is the question with its parameters in, and how many bytes that is.
func (m *mix) fill(r request) (q node.Question, size int) {
	t, v := &m.kinds[r.kind], m.about(r)
	q = node.Question{SQL: t.question.sql, Keep: m.keepsBody(r)}
	size = len(q.SQL)
	for _, one := range t.question.args {
		text := string(one.append(nil, &v))
		q.Args = append(q.Args, text)
		size += len(text)
	}
	for _, one := range t.question.words {
		text := string(one.append(nil, &v))
		q.Command = append(q.Command, text)
		size += len(text)
	}
	return q, size
}

// answered is the status of an answer in a protocol that has none of HTTP's.
const answered = 200

// asked is exchange with a database or with Redis.
func (c *class) asked(ctx context.Context, r request, deadline time.Time) (a answer, err error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	q, size := c.mix.fill(r)
	a.bytesOut = int64(size)
	a.body, err = c.direct.Ask(ctx, c.edge(r.turn), q)
	a.bytesIn = int64(len(a.body))
	if said, is := errors.AsType[*node.Refusal](err); is {
		begin := record.ErrSQL
		if c.load.Protocol() == scenarios.Redis {
			begin = record.ErrRedis
		}
		a.refusal = &refusal{class: begin + said.Code, notDone: said.NotDone, again: said.Again}
		return a, nil
	}
	if err != nil {
		return a, late(ctx, err)
	}
	a.status = answered
	return a, nil
}

// late says of what failed when its user's patience had ended that it was that: a driver has words of its own for it.
func late(ctx context.Context, err error) error {
	until, bounded := ctx.Deadline()
	if bounded && !time.Now().Before(until) { // the context may be told of that a moment later
		return fmt.Errorf("exchange: %w", context.DeadlineExceeded)
	}
	return fmt.Errorf("exchange: %w", err)
}

// secured dials and shakes hands, where TLS is spoken.
func secured(dial func(context.Context, int) (net.Conn, error), config *tls.Config) func(context.Context, int) (net.Conn, error) {
	if config == nil {
		return dial
	}
	own := config.Clone()
	own.NextProtos = nil // there is nothing to choose
	return func(ctx context.Context, edge int) (net.Conn, error) {
		raw, err := dial(ctx, edge)
		if err != nil {
			return nil, err
		}
		conn, err := secure.Client(ctx, raw, own)
		if err != nil {
			return nil, dialError{err}
		}
		return conn, nil
	}
}
