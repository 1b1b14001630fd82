package kafka

import (
	client "github.com/twmb/franz-go/pkg/kgo"
)

// given is the account of a partition's messages while it is this member's. A commit is a position: everything before it is done. What is
// done after something that is not stays uncommitted, and comes again after a crash.
type given struct {
	partition int32
	gone      bool               // it is another member's now, or was given anew
	open      map[int64]struct{} // offsets of what somebody has, or is to have again
	upTo      int64              // one more than the last offset that somebody was given
	committed int64
}

// one is a message and the account that it is in.
type one struct {
	record *client.Record
	of     *given
	again  bool
}

func newGiven(partition int32) *given {
	return &given{partition: partition, open: map[int64]struct{}{}, committed: -1}
}

// begin has somebody have a message.
func (g *given) begin(offset int64) {
	g.open[offset] = struct{}{}
	g.upTo = max(g.upTo, offset+1)
}

// end has one be done.
func (g *given) end(offset int64) { delete(g.open, offset) }

// due is the position that there is to commit; false: it was already.
func (g *given) due() (int64, bool) {
	at := g.upTo
	for offset := range g.open {
		at = min(at, offset)
	}
	return at, at > g.committed && at > 0
}
