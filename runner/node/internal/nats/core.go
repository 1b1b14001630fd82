package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	client "github.com/nats-io/nats.go"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/taken"
	"github.com/squallhq/squall/runner/wire"
)

// listening bounds how long a service that starts waits for its subscription: a server that is away then is waited for beside.
const listening = 3 * time.Second

// Listen subscribes to a server's core NATS, for as long as the instance is there: nobody is given what was sent while nobody had
// subscribed. JetStream needs no such thing. It is called while the service is built, once for each step that pops.
func (q *Queues) Listen(from *call.Replica) error {
	b := q.get(from)
	if !from.AtMostOnce {
		return nil
	}
	<-b.opened // within handshake
	if b.failed != nil {
		return fmt.Errorf("connect to %q: %w", from.Node, b.failed)
	}
	if fresh, err := q.subscribe(b); err != nil || !fresh {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), listening)
	defer cancel()
	_ = b.flush(ctx) // a server that is away hears of it when it is back
	return nil
}

// subscribe is done once; the client does it again whenever it is connected anew.
func (q *Queues) subscribe(b *broker) (fresh bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if b.inbox != nil {
		return false, nil
	}
	if b.received, err = openReceived(q.i.Disk, b.to.Instance); err != nil {
		return false, fmt.Errorf("keep account of what %q gives away: %w", b.to.Node, err)
	}
	if b.inbox, err = b.conn.QueueSubscribeSync(b.subject, group); err != nil {
		return false, fmt.Errorf("subscribe to %q: %w", b.to.Node, err)
	}
	return true, nil
}

// receive takes what was handed to this instance; nil: nothing was in time.
func (b *broker) receive(ctx context.Context, wait time.Duration) (*taken.Message, error) {
	if b.inbox == nil {
		return nil, errors.New("pop: this instance has not subscribed")
	}
	bounded, cancel := context.WithTimeout(ctx, max(wait, time.Millisecond))
	defer cancel()
	message, err := b.inbox.NextMsgWithContext(bounded)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, client.ErrTimeout):
		return nil, nil
	case err != nil: // after ErrSlowConsumer, what was dropped is gone, and the next one comes
		return nil, fmt.Errorf("pop: %w", err)
	}
	m := &taken.Message{ID: message.Header.Get(wire.HeaderWrite), Key: message.Header.Get(wire.HeaderMessageKey)}
	return m, b.received.add(m.ID)
}

// Received is what a service answers who asks with wire.HeaderReceived: how often each message's id came to it from servers that keep
// none, as NODE/ID.
type Received struct {
	Writes map[string]int `json:"writes"`
}

// Accounting answers those who ask what was received, and nobody else.
func (q *Queues) Accounting(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(wire.HeaderReceived) == "" {
			h.ServeHTTP(w, r)
			return
		}
		out, err := q.everything()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(out) //nolint:errcheck // the reader left
	})
}

// everything counts what was taken, and what the client has got and nobody has taken yet: it is in this instance's hands.
func (q *Queues) everything() (Received, error) {
	out := Received{Writes: map[string]int{}}
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.to.Each(func(b *broker) error {
		if b.received == nil {
			return nil
		}
		for b.inbox != nil {
			message, err := b.inbox.NextMsg(time.Millisecond)
			if err != nil {
				break
			}
			if err := b.received.add(message.Header.Get(wire.HeaderWrite)); err != nil {
				return err
			}
		}
		for id, n := range b.received.all() {
			out.Writes[b.to.Node+"/"+id] += n
		}
		return nil
	})
	return out, err
}
