package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
	"github.com/squallhq/squall/scenarios"
)

// recordPosition is the journal's record of how far a subscriber is: its name, the partition, and the offset of the first
// message in it that it has not had.
const recordPosition = 'p'

// eventStream is a log in partitions that is read by subscribers, each from positions of its own: a slow or dead one holds
// nobody else up. Messages of one key are in one partition. A subscriber gets the messages of a partition in order, one at
// a time and at least once: its position moves on when a message is settled, and is durable before the next delivery.
type eventStream struct {
	i       *host.Instance
	ingress *ingress
	journal *journal.Journal

	mu          sync.Mutex
	partitions  []*partition
	subscribers []*subscription
	last        uint64 // number of the last message, counted from 1
	replaying   bool
	retain      time.Duration
	told        chan struct{} // holds 1: there may be another replay to carry out
}

// partition is what some subscriber still has to get of it.
type partition struct {
	begin int // the offset of log[0]
	log   []*message
	kept  []*message // what came before, for a replay
}

// subscription is a subscriber with its positions.
type subscription struct {
	dispatcher *dispatcher
	slots      chan struct{} // as many deliveries at once as it has room for
	next       []int         // by partition: the offset of the first message that is not settled
	arrived    []chan struct{}
}

var _ host.Role = (*eventStream)(nil)

func NewStream(i *host.Instance) (host.Role, error) {
	n := &i.Config.Node
	s := &eventStream{i: i, ingress: newIngress(i), replaying: true, retain: n.Retain, told: make(chan struct{}, 1)}
	for range max(n.Partitions, 1) {
		s.partitions = append(s.partitions, &partition{})
	}
	for _, one := range n.Subscribers {
		sub, err := s.subscribe(one)
		if err != nil {
			return nil, fmt.Errorf("subscriber %q: %w", one.Name, err)
		}
		s.subscribers = append(s.subscribers, sub)
	}
	var err error
	if s.journal, err = journal.Open(i.Disk, "stream.journal", i.Metrics, s.apply); err != nil {
		return nil, err
	}
	s.ingress.journal = s.journal
	s.replayed()
	i.Metrics.Tell(s.series())
	waiting := make(map[string]*dispatcher, len(s.subscribers))
	for _, sub := range s.subscribers {
		waiting[sub.dispatcher.name] = sub.dispatcher
	}
	i.Metrics.TellWaits(waitsOf(waiting))
	i.Behaviour.Asks.OnAsked(func(context.Context, []faults.Ask) error {
		select {
		case s.told <- struct{}{}:
		default:
		}
		return nil
	})
	return s, nil
}

// replayed begins to count what each subscriber has not had when a replay is over.
func (s *eventStream) replayed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaying = false
	now := time.Now()
	for p, part := range s.partitions {
		for at, m := range part.log {
			m.entered = now
			for _, sub := range s.subscribers {
				if part.begin+at >= sub.next[p] {
					sub.dispatcher.waits.Enter(now)
				}
			}
		}
	}
}

func (s *eventStream) subscribe(one *scenarios.Subscriber) (*subscription, error) {
	carrier, err := newDispatcher(s.i, one.Name, one.To, one.Redelivery, one.Policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	sub := &subscription{dispatcher: carrier, slots: newSlots(one, len(s.partitions)), next: make([]int, len(s.partitions))}
	for range s.partitions {
		sub.arrived = append(sub.arrived, make(chan struct{}, 1))
	}
	return sub, nil
}

// newSlots is a place for each delivery that a subscriber may have at once.
func newSlots(one *scenarios.Subscriber, partitions int) chan struct{} {
	if one.Workers > 0 {
		return make(chan struct{}, one.Workers)
	}
	return make(chan struct{}, partitions)
}

var _ host.Reconfigurable = (*eventStream)(nil)

// Reconfigure is for the next attempt of every message. The partitions and who subscribes stay: positions hang on them.
func (s *eventStream) Reconfigure(next *host.Instance) error {
	n := &next.Config.Node
	if max(n.Partitions, 1) != len(s.partitions) || len(n.Subscribers) != len(s.subscribers) {
		return errors.New("the partitions and the subscribers of a stream stay as long as it runs")
	}
	all := make([]*terms, len(s.subscribers))
	for at, one := range n.Subscribers {
		if one.Name != s.subscribers[at].dispatcher.name {
			return fmt.Errorf("the subscribers of a stream stay as long as it runs: there is no %q", one.Name)
		}
		now, err := newTerms(next, one.To, one.Redelivery, []scenarios.Policy{one.Policy, n.Policy})
		if err != nil {
			return fmt.Errorf("subscriber %q: %w", one.Name, err)
		}
		all[at] = now
	}
	s.ingress.most.Store(int64(n.Most))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retain = n.Retain
	for at, one := range n.Subscribers {
		s.subscribers[at].dispatcher.now.Store(all[at])
		s.subscribers[at].slots = newSlots(one, len(s.partitions))
	}
	return nil
}

func (s *eventStream) Close() error { return s.journal.Close() }

// Serve takes messages and delivers them until ctx ends. What is on its way then is given up, to be
// delivered again by the next start.
func (s *eventStream) Serve(ctx context.Context, l net.Listener) error {
	return s.i.ServeBeside(ctx, l, s.ingress.handler(), s.run)
}

// run follows every partition for every subscriber until ctx ends.
func (s *eventStream) run(ctx context.Context) {
	var following sync.WaitGroup
	defer following.Wait()
	following.Go(func() { s.replays(ctx) })
	for n, sub := range s.subscribers {
		for p := range s.partitions {
			following.Go(func() {
				s.follow(ctx, sub, p, n*len(s.partitions)+p)
			})
		}
	}
}

// follow delivers a partition's messages in order, from the subscriber's position on. turn is its number among all who do so.
func (s *eventStream) follow(ctx context.Context, sub *subscription, p, turn int) {
	for {
		m, slots, offset := s.next(ctx, sub, p)
		if m == nil {
			return
		}
		s.i.InTurn(turn) // what is written together, messages and positions, is there at once, for every subscriber
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		settled := sub.dispatcher.carry(ctx, m)
		<-slots
		if !settled {
			return
		}
		s.moveOn(sub, p, offset+1)
	}
}

// next waits for the message at the subscriber's position, and gives the slots to deliver it in; nil when ctx ends.
func (s *eventStream) next(ctx context.Context, sub *subscription, p int) (m *message, slots chan struct{}, offset int) {
	for {
		s.mu.Lock()
		part := s.partitions[p]
		if offset = sub.next[p]; offset < part.begin+len(part.log) {
			m, slots = part.log[offset-part.begin], sub.slots
		}
		s.mu.Unlock()
		if m != nil {
			return m, slots, offset
		}
		select {
		case <-sub.arrived[p]:
		case <-ctx.Done():
			return nil, nil, 0
		}
	}
}

// moveOn makes a subscriber's position durable. If the disk does not take it any more the position moves on all the
// same, and the messages after the last durable one are delivered once more by the next start.
func (s *eventStream) moveOn(sub *subscription, p, offset int) {
	record := positionRecord(sub.dispatcher.name, p, offset)
	if err := s.journal.Append(record); err != nil {
		host.ErrorsTotal.In(s.i.Metrics).Add(1)
		s.apply(record)
	}
}

func positionRecord(name string, p, offset int) []byte {
	b := journal.AppendField([]byte{recordPosition}, name)
	b = journal.AppendField(b, strconv.Itoa(p))
	return journal.AppendField(b, strconv.Itoa(offset))
}

// apply takes one journal record.
func (s *eventStream) apply(record []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch record[0] {
	case recordMessage:
		s.take(readMessage(record[1:]))
	case recordPosition:
		name, rest := journal.TakeField(record[1:])
		number, rest := journal.TakeField(rest)
		text, _ := journal.TakeField(rest)
		p, err := strconv.Atoi(number)
		offset, err2 := strconv.Atoi(text)
		if err == nil && err2 == nil && p >= 0 && p < len(s.partitions) {
			s.moved(name, p, offset)
		}
	}
}

// take puts a message at the end of its key's partition. s.mu is held.
func (s *eventStream) take(m *message) {
	s.last++
	m.number = s.last
	p := PartitionOf(m.key, len(s.partitions))
	s.partitions[p].log = append(s.partitions[p].log, m)
	backlog.In(s.i.Metrics).Add(1)
	s.ingress.took(m, s.replaying)
	m.entered = time.Now()
	for _, sub := range s.subscribers {
		if !s.replaying {
			sub.dispatcher.waits.Enter(m.entered)
		}
		select {
		case sub.arrived[p] <- struct{}{}:
		default:
		}
	}
}

// PartitionOf is where a stream of so many partitions keeps a key's messages, from 0.
func PartitionOf(key string, partitions int) int {
	return int(chance.Fold(0, key) % uint64(partitions))
}

// moved puts a subscriber's position on, and lets go of what every subscriber has had. s.mu is held.
func (s *eventStream) moved(name string, p, offset int) {
	part := s.partitions[p]
	least := part.begin + len(part.log)
	for _, sub := range s.subscribers {
		if sub.dispatcher.name == name {
			next := max(sub.next[p], min(offset, part.begin+len(part.log)))
			for at := sub.next[p]; at < next && !s.replaying; at++ {
				sub.dispatcher.leave(part.log[at-part.begin])
			}
			sub.next[p] = next
		}
		least = min(least, sub.next[p])
	}
	for part.begin < least {
		if s.retain > 0 {
			part.forget(s.retain)
			part.kept = append(part.kept, part.log[0])
		}
		part.log[0] = nil
		part.log = part.log[1:]
		part.begin++
		backlog.In(s.i.Metrics).Add(-1)
	}
}

// lag is how many messages a subscriber has not had, and since when the first of them has waited.
func (s *eventStream) lag(sub *subscription) (messages int, oldest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, part := range s.partitions {
		behind := part.begin + len(part.log) - sub.next[p]
		if behind <= 0 {
			continue
		}
		messages += behind
		if first := part.log[sub.next[p]-part.begin].since; oldest.IsZero() || first.Before(oldest) {
			oldest = first
		}
	}
	return messages, oldest
}

// series are the metrics of each subscriber.
func (s *eventStream) series() []host.Series {
	var out []host.Series
	for _, sub := range s.subscribers {
		out = append(out, sub.dispatcher.series(sub.dispatcher.name, func() (int, time.Time) { return s.lag(sub) })...)
	}
	return out
}
