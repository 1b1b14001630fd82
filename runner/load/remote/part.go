package remote

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/results"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// part is what one member does of a drive.
type part struct {
	*member
	x     *drive
	from  time.Duration
	loads map[string]*scenarios.Load

	// over is closed when it has told its end, which is in ended; failed is its own error then, "" without.
	over   chan struct{}
	ended  frame.End
	failed string
	// why it is lost; "": it is not.
	why string

	mu      sync.Mutex // guards what follows: frames come from one goroutine, and who stands in for it is another
	decoder *frame.Decoder
	// deaf: it is lost, and what it still tells is accounted for already.
	deaf bool
	told map[string]*told
	// own are its figures as far as it has told, for where it does not tell its end. Its lag is apart.
	own     figures.Figures
	lag     *hdrhistogram.Histogram
	unknown atomic.Int64
}

// newPart has a member's frames go to its part of a drive.
func newPart(x *drive, m *member) *part {
	p := &part{
		member: m, x: x, from: x.From, loads: map[string]*scenarios.Load{}, over: make(chan struct{}),
		decoder: frame.NewDecoder(), told: map[string]*told{}, lag: record.NewHistogram(),
	}
	if x.Until > 0 { // as the generator itself leaves the warm-up out
		p.from = max(x.From, 0)
	}
	p.own.From = p.from
	for _, l := range x.Loads {
		p.loads[l.Name] = l
		p.told[l.Name] = &told{of: uint64(x.o.Generators), next: uint64(m.index), above: map[uint64]bool{}}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.part, m.heard, m.silent, m.all = p, time.Now(), 0, nil
	return p
}

// detach ends that.
func (p *part) detach() {
	p.member.mu.Lock()
	defer p.member.mu.Unlock()
	p.member.part = nil
}

// take takes events in.
func (p *part) take(payload []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deaf {
		return nil
	}
	at, err := p.decoder.Read(payload, p)
	p.x.sum.until(p.index, at)
	return err
}

// end takes its end in.
func (p *part) end(e frame.End) {
	if p.isOver() {
		return // it has said so
	}
	p.ended = e
	if e.Error != "" {
		p.failed = e.Error
	}
	close(p.over)
}

func (p *part) isOver() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

// told are the arrivals at a load that a generator has told of: all of its own below next, and those above.
type told struct {
	of, next uint64
	above    map[uint64]bool
}

func (t *told) add(n uint64) {
	if n != t.next {
		t.above[n] = true
		return
	}
	for t.next += t.of; t.above[t.next]; t.next += t.of {
		delete(t.above, t.next)
	}
}

func (t *told) has(n uint64) bool { return n < t.next || t.above[n] }

// arrives notes the arrival that a request is.
func (p *part) arrives(s record.Sample) {
	l := p.loads[s.Load]
	if l == nil {
		return
	}
	if n, is := load.Arrival(l, s.Seq); is {
		p.told[s.Load].add(n)
	}
}

// Sent implements frame.Listener.
func (p *part) Sent(s record.Sample, hit uint64) {
	p.arrives(s)
	p.x.sum.sent(p.index, s, hit)
}

// Forget implements frame.Listener.
func (p *part) Forget(s record.Sample, hit uint64) { p.x.sum.forget(p.index, s, hit) }

// Done implements frame.Listener.
func (p *part) Done(s record.Sample, hit uint64, e results.Exchange, exchange bool) {
	if s.Intended >= p.from {
		p.own.Intended++
		if s.Sent < p.x.until() {
			p.own.InTime++
		}
		record.RecordDuration(p.lag, s.Lag())
		p.own.LagMax = max(p.own.LagMax, s.Lag())
	}
	p.x.sum.done(p.index, s, hit, e, exchange)
}

// Unsent implements frame.Listener.
func (p *part) Unsent(s record.Sample) {
	p.arrives(s)
	if s.Intended >= p.from {
		p.own.Intended++
		p.own.Unsent++
	}
	p.x.Record(s)
}

// until is when the drive ends, as far as that is known.
func (x *drive) until() time.Duration {
	if x.Course == nil {
		return x.Until
	}
	return x.Course.Way().Total()
}

// lost accounts for a member that is gone before it has told its end, until the end of the drive.
func (p *part) lost() {
	if p.isOver() {
		return
	}
	since := time.Since(p.x.Zero)
	p.why = p.member.why.Error()
	p.mu.Lock()
	p.deaf = true
	p.decoder.Open(func(s record.Sample) {
		p.x.sum.vanished(p.index)
		if s.Intended >= p.from {
			p.unknown.Add(1)
		}
	})
	p.mu.Unlock()
	p.x.sum.gone(p.index)
	absent := load.Absent{
		Since: since,
		Told: func(name string, n uint64) bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.told[name].has(n)
		},
		Unknown: func(string) { p.unknown.Add(1) },
		Unsent: func(s record.Sample) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.Unsent(s)
		},
	}
	d := p.x.Drive
	d.Order = p.shard(d.Order)
	if err := load.New(load.Options{}).StandIn(p.x.going, d, absent); err != nil {
		p.why += "; what it would have sent could not be worked out: " + err.Error()
	}
}

// figures are those that it has told, or, of one that is lost, as far as they are known.
func (p *part) figures() figures.Figures {
	if p.why == "" {
		return p.ended.Figures
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.own
	f.Lag, f.End = figures.Export(p.lag), min(p.x.until(), max(time.Since(p.x.Zero), 0))
	f.MaxInFlight, f.Unknown = p.x.sum.mostOf(p.index), p.unknown.Load()
	f.Intended += f.Unknown
	return f
}

// record is what the record says of it.
func (p *part) record() record.GeneratorPart {
	f := p.figures()
	uncertain, drift := p.uncertainty()
	out := record.GeneratorPart{
		Name: p.name, Intended: f.Intended, Sent: f.Intended - f.Unsent - f.Unknown, Unsent: f.Unsent, Unknown: f.Unknown,
		LagMs: f.LagMs(), MaxInFlight: f.MaxInFlight, Descriptors: f.Descriptors,
		OffsetMs: record.Milliseconds(p.before.offset), UncertaintyMs: record.Milliseconds(uncertain), Ended: "done",
	}
	if drift != nil {
		ms := record.Milliseconds(*drift)
		out.DriftMs = &ms
	}
	if seconds := (f.End - max(f.From, 0)).Seconds(); f.CPU != nil && seconds > 0 {
		cpus := f.CPU.Seconds() / seconds
		out.CPUs = &cpus
	}
	p.member.mu.Lock()
	out.SilentMs = record.Milliseconds(p.silent)
	p.member.mu.Unlock()
	switch {
	case p.why != "":
		out.Ended = record.GeneratorLost + p.why + p.users()
	case p.failed != "":
		out.Ended = p.failed
	case p.ended.Interrupted:
		out.Ended = "stopped"
	}
	return out
}

// users are, of one that is lost, those of closed loads that were its own.
func (p *part) users() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(p.loads)) {
		l := p.loads[name]
		if l.Users > 0 {
			words = append(words, fmt.Sprintf("%d users of %s", p.shard(p.x.Order).Shard.Share(l.Users), name))
		} else if l.Session != nil {
			words = append(words, "sessions of "+name+" that had begun")
		}
	}
	if words == nil {
		return ""
	}
	return "; what its " + strings.Join(words, " and ") + " would have sent is not known"
}
