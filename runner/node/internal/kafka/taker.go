package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	client "github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/taken"
	"github.com/squallhq/squall/runner/wire"
)

const (
	// session is how long a member that is silent keeps its partitions, the shortest that brokers allow by default.
	session   = 6 * time.Second
	heartbeat = 500 * time.Millisecond
	// fetch is how long a broker without messages waits for one; a broker that is there has answered within fresh.
	fetch = 250 * time.Millisecond
	fresh = time.Second
	// look is the least that a pop waits.
	look = 5 * time.Millisecond
	// silent is how long a pop that found nothing waits for its broker to be heard.
	silent = 2 * time.Second
)

var (
	errAway  = errors.New("the broker is not heard")
	errOther = errors.New("the message's partition is another member's now")
)

// taker is this instance's member of the group. One message is ahead of those who ask: it is nobody's yet, and not committed.
type taker struct {
	topic  string
	client *client.Client
	hooks  *hooks
	cancel context.CancelFunc
	ended  chan struct{}

	joined     chan struct{} // closed when the group has said for the first time what is this member's
	next       chan one
	back       chan struct{} // holds one where something was given back
	committing chan struct{} // held by who commits

	mu       sync.Mutex
	of       map[int32]*given
	returned []one
	broken   bool // its topic is gone
}

// Listen joins the group beside: what that takes, the first pop need not wait for. It is called while the service is built.
func (q *Queues) Listen(from *call.Replica) error {
	b, err := q.get(from)
	if err != nil {
		return err
	}
	q.joins.Go(func() {
		for q.ctx.Err() == nil {
			if _, err := b.take(q.ctx); err == nil {
				return
			}
			select {
			case <-time.After(again):
			case <-q.ctx.Done():
			}
		}
	})
	return nil
}

// take is the member, made where there is none, or its topic was lost.
func (b *broker) take(ctx context.Context) (*taker, error) {
	b.mu.Lock()
	t := b.taker
	if t != nil && t.isBroken() {
		t.close()
		t, b.taker = nil, nil
	}
	b.mu.Unlock()
	if t != nil {
		return t, nil
	}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taker == nil {
		var err error
		if b.taker, err = b.join(); err != nil {
			return nil, err
		}
	}
	return b.taker, nil
}

func (b *broker) join() (*taker, error) {
	t := &taker{
		topic: b.to.Node, hooks: &hooks{b: b}, ended: make(chan struct{}), joined: make(chan struct{}), next: make(chan one),
		back: make(chan struct{}, 1), committing: make(chan struct{}, 1), of: map[int32]*given{},
	}
	var once sync.Once
	var err error
	t.client, err = client.NewClient(slices.Concat(b.options, []client.Opt{client.WithHooks(t.hooks),
		client.ConsumerGroup(group), client.ConsumeTopics(t.topic), client.ConsumeResetOffset(client.NewOffset().AtStart()), client.DisableAutoCommit(),
		client.SessionTimeout(session), client.HeartbeatInterval(heartbeat), client.RebalanceTimeout(session), client.FetchMaxWait(fetch),
		client.OnPartitionsAssigned(func(_ context.Context, _ *client.Client, more map[string][]int32) {
			t.assigned(more[t.topic])
			once.Do(func() { close(t.joined) })
		}),
		client.OnPartitionsRevoked(func(_ context.Context, _ *client.Client, less map[string][]int32) { t.lost(less[t.topic]) }),
		client.OnPartitionsLost(func(_ context.Context, _ *client.Client, less map[string][]int32) { t.lost(less[t.topic]) }),
	})...)
	if err != nil {
		return nil, fmt.Errorf("set up a consumer: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.cancel = cancel
	go t.poll(ctx, b)
	return t, nil
}

func (t *taker) assigned(more []int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range more {
		t.of[p] = newGiven(p)
	}
}

// lost has others get what was given back, and what is still with somebody.
func (t *taker) lost(less []int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range less {
		if g := t.of[p]; g != nil {
			g.gone = true
			delete(t.of, p)
		}
	}
}

func (t *taker) isBroken() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

// poll hands one message after the other to who asks.
func (t *taker) poll(ctx context.Context, b *broker) {
	defer close(t.ended)
	for ctx.Err() == nil {
		came := t.client.PollRecords(ctx, 1)
		for _, e := range came.Errors() {
			if missing(e.Err) {
				t.mu.Lock()
				t.broken = true
				t.mu.Unlock()
				b.forget()
				return
			}
		}
		for _, r := range came.Records() {
			g := t.begin(r)
			if g == nil { // revoked meanwhile
				continue
			}
			select {
			case t.next <- one{record: r, of: g}:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (t *taker) close() {
	t.cancel()
	<-t.ended
	ctx, cancel := context.WithTimeout(context.Background(), leaving)
	defer cancel()
	_ = t.client.LeaveGroupContext(ctx) // who is not heard leaves by its session's end
	t.client.Close()
}

// Pop takes one message; nil: none came in time, from a broker that is there.
func (q *Queues) Pop(ctx context.Context, from *call.Replica, wait time.Duration) (*taken.Message, error) {
	b, err := q.get(from)
	if err != nil {
		return nil, err
	}
	t, err := b.take(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case <-t.joined:
	case <-ctx.Done():
		return nil, fmt.Errorf("join the group: %w", ctx.Err())
	}
	m, err := t.await(ctx, wait)
	if err != nil || m == nil {
		return nil, err
	}
	out := messageOf(m)
	if !from.AtMostOnce {
		out.Settle = func(ctx context.Context, well bool) error { return t.settle(ctx, m, well) }
		return out, nil
	}
	if err := t.settle(ctx, m, true); err != nil {
		t.giveBack(m) // nobody has had it
		return nil, fmt.Errorf("pop: %w", err)
	}
	return out, nil
}

func messageOf(m *one) *taken.Message {
	out := &taken.Message{Again: m.again}
	for _, h := range m.record.Headers {
		switch h.Key {
		case wire.HeaderWrite:
			out.ID = string(h.Value)
		case wire.HeaderMessageKey:
			out.Key = string(h.Value)
		}
	}
	return out
}

// await waits for a message, and longer for a broker that is not heard.
func (t *taker) await(ctx context.Context, wait time.Duration) (*one, error) {
	began := time.Now()
	wait = max(wait, look)
	for left := wait; ; {
		if m := t.giveAgain(); m != nil {
			return m, nil
		}
		timer := time.NewTimer(left)
		select {
		case m := <-t.next:
			timer.Stop()
			if t.mine(&m) {
				return &m, nil
			}
		case <-t.back:
			timer.Stop()
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		left = wait - time.Since(began)
		if left > 0 {
			continue
		}
		switch heard := time.Unix(0, t.hooks.heard.Load()); {
		case time.Since(heard) < fresh:
			return nil, nil
		case t.isBroken(), -left > silent:
			return nil, errAway
		}
		left = again
	}
}

// begin has a message be open before anybody has it: who gets the one after it may be done sooner. nil: its partition is another member's.
func (t *taker) begin(r *client.Record) *given {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.of[r.Partition]
	if g != nil {
		g.begin(r.Offset)
	}
	return g
}

// mine tells whether a message's partition is this member's still.
func (t *taker) mine(m *one) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !m.of.gone
}

// giveAgain is the first of what was given back.
func (t *taker) giveAgain() *one {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.returned) > 0 {
		m := t.returned[0]
		if t.returned = t.returned[1:]; len(t.returned) > 0 {
			t.tell()
		}
		if !m.of.gone {
			return &m
		}
	}
	return nil
}

// tell wakes one who waits.
func (t *taker) tell() {
	select {
	case t.back <- struct{}{}:
	default:
	}
}

func (t *taker) giveBack(m *one) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m.of.begin(m.record.Offset)
	t.returned = append(t.returned, one{record: m.record, of: m.of, again: true})
	t.tell()
}

// settle commits a message that is done, as far as all before it are; one that is not is the next that this member gives.
func (t *taker) settle(ctx context.Context, m *one, well bool) error {
	t.mu.Lock()
	gone := m.of.gone
	if !gone && well {
		m.of.end(m.record.Offset)
	}
	t.mu.Unlock()
	switch {
	case gone:
		return errOther
	case !well:
		t.giveBack(m)
		return nil
	}
	return t.commit(ctx, m.of)
}

func (t *taker) commit(ctx context.Context, g *given) error {
	select {
	case t.committing <- struct{}{}:
		defer func() { <-t.committing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	t.mu.Lock()
	at, due := g.due()
	gone := g.gone
	t.mu.Unlock()
	switch {
	case gone:
		return errOther
	case !due:
		return nil
	}
	var failed error
	t.client.CommitOffsetsSync(ctx, map[string]map[int32]client.EpochOffset{t.topic: {g.partition: {Epoch: -1, Offset: at}}},
		func(_ *client.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
			failed = said(answer, err)
		})
	if failed != nil {
		return fmt.Errorf("commit: %w", failed)
	}
	t.mu.Lock()
	g.committed = max(g.committed, at)
	t.mu.Unlock()
	return nil
}

// said is the error of a commit.
func said(answer *kmsg.OffsetCommitResponse, err error) error {
	if err != nil || answer == nil {
		return err
	}
	for _, topic := range answer.Topics {
		for _, p := range topic.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}
