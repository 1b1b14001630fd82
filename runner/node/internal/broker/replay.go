package broker

import (
	"context"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/node/internal/host"
)

var replayedTotal = host.NewCounter("squall_replayed_total", "Messages delivered once more by a replay.")

// replays carries out the replays that the stream is told of, one at a time, until ctx ends. One that is taken back ends
// where it is.
func (s *eventStream) replays(ctx context.Context) {
	var under sync.WaitGroup
	stop := func() {}
	defer func() {
		stop()
		under.Wait()
	}()
	var now faults.Replay
	for {
		select {
		case <-s.told:
		case <-ctx.Done():
			return
		}
		want := s.i.Behaviour.Asks.Replay()
		if want == now {
			continue
		}
		stop()
		under.Wait()
		now = want
		inner, cancel := context.WithCancel(ctx)
		stop = cancel
		for _, sub := range s.subscribers {
			if sub.dispatcher.name == want.Subscriber {
				s.replay(inner, &under, sub, want.Rate)
			}
		}
	}
}

// replay delivers what the stream keeps and the subscriber has had, the messages of each partition in order. It does not
// move positions, and what comes new does not wait for it.
func (s *eventStream) replay(ctx context.Context, under *sync.WaitGroup, sub *subscription, rate float64) {
	p := &pace{}
	if rate > 0 {
		p.every = time.Duration(float64(time.Second) / rate)
	}
	for nth, had := range s.had(sub) {
		under.Go(func() {
			s.i.InTurn(nth) // all partitions begin at once
			for _, m := range had {
				if s.i.Sleep(ctx, p.next()) != nil {
					return
				}
				// The write that it leads to has the same place in the tree of calls, and so the same key, as the first time.
				why := sub.dispatcher.why(m).Attempt(2)
				switch sub.dispatcher.bring(ctx, m, why, false) {
				case interrupted:
					return
				case delivered:
					sub.dispatcher.replayed.Add(1)
					replayedTotal.In(s.i.Metrics).Add(1)
				}
			}
		})
	}
}

// had is what a subscriber has had of what is kept, by partition.
func (s *eventStream) had(sub *subscription) [][]*message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([][]*message, len(s.partitions))
	for p, part := range s.partitions {
		part.forget(s.retain)
		out[p] = append(append(out[p], part.kept...), part.log[:sub.next[p]-part.begin]...)
	}
	return out
}

// forget lets go of what every subscriber has had for long enough.
func (p *partition) forget(retain time.Duration) {
	old := 0
	for old < len(p.kept) && p.kept[old].age() > retain {
		p.kept[old] = nil
		old++
	}
	p.kept = p.kept[old:]
}

// pace spreads what several do over time. The zero value does not.
type pace struct {
	every time.Duration

	mu  sync.Mutex
	due time.Time
}

// next is how long to wait for the next turn.
func (p *pace) next() time.Duration {
	if p.every <= 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.due.Before(now) {
		p.due = now
	}
	wait := p.due.Sub(now)
	p.due = p.due.Add(p.every)
	return wait
}
