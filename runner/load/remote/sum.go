package remote

import (
	"sync"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/load/results"
	"github.com/squallhq/squall/runner/record"
)

// sum puts together what the members tell of a drive.
type sum struct {
	d    runner.Drive
	hits *hits

	mu sync.Mutex // guards what follows
	// inFlight are the requests under way, by member and of all; most is the most that they have been.
	inFlight, most []int64
	all, mostOfAll int64
}

func newSum(d runner.Drive, members int) *sum {
	return &sum{d: d, hits: newHits(d, members), inFlight: make([]int64, members), most: make([]int64, members)}
}

// count counts requests in flight. Members tell a little later, and each by itself: so that of several what is counted as at once was so within
// some 20 ms.
func (s *sum) count(member int, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight[member] += n
	s.all += n
	s.most[member], s.mostOfAll = max(s.most[member], s.inFlight[member]), max(s.mostOfAll, s.all)
}

func (s *sum) mostOf(member int) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most[member]
}

func (s *sum) sent(member int, one record.Sample, hit uint64) {
	s.count(member, 1)
	s.hits.sent(member, one, hit)
}

func (s *sum) forget(member int, one record.Sample, hit uint64) {
	s.count(member, -1)
	s.hits.forget(member, one, hit)
}

func (s *sum) done(member int, one record.Sample, hit uint64, e results.Exchange, exchange bool) {
	s.count(member, -1)
	if exchange {
		s.hits.done(member, one, hit, e)
	}
	s.d.Record(one)
}

// vanished is a request of a member that is lost: it is not under way any more, as far as anybody can see.
func (s *sum) vanished(member int) { s.count(member, -1) }

// until tells that a member has told of all until a time, gone that it will tell nothing any more.
func (s *sum) until(member int, at time.Duration) { s.hits.until(member, at) }
func (s *sum) gone(member int)                    { s.hits.until(member, forever) }

// close writes what is left of the results.
func (s *sum) close() error { return s.hits.close() }

// figures are those of all parts.
func (s *sum) figures(parts []*part) figures.Figures {
	all := make([]figures.Figures, len(parts))
	for i, p := range parts {
		all[i] = p.figures()
	}
	out := figures.Merge(all)
	out.MaxInFlight = s.mostOfAll
	return out
}
