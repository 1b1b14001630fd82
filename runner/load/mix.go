package load

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// request is one intended request of a load.
type request struct {
	// seq is its number among the load's, kind indexes the kinds of request, nth is its number among its kind's. turn says whose turn it
	// is among the load's edges. See mix for how they are counted.
	seq, nth uint64
	turn     uint64
	kind     int
	intended time.Duration
	// written is what its user's earlier answers said about where the user's writes are; empty: nothing.
	written string
	// visit is the one that it is a step of; nil: requests are drawn.
	visit *visit
	// rest are the other requests of the session that it begins, without their times; nil: it begins none, or one of steps.
	rest []request
	// of is the write that the request looks at; nil: it looks at none.
	of *origin
	// hop is where a redirect has sent it; nil: it is sent where its kind is.
	hop *hop
}

// mix chooses what each request of a load is. The choice and the parameters of a request depend on the seed, the load and its number alone,
// and its number on who sends it alone, never on when others are answered: so that they are the same on every run and every engine,
// and whichever generator sends it. An open load counts its requests from 0 in the order of their times. Where sessions arrive, those are
// counted so, and each has as many numbers as it may have requests. The users of a closed load take turns with theirs: of three users
// the first one's requests are 0, 3, 6 and so on.
type mix struct {
	kinds  []template
	shares []float64 // cumulative, the last one is 1
	counts []uint64
	// arrived counts the requests of an open load, and the sessions of one that has them.
	arrived uint64
	// users of a closed load, and the most requests of a session or of one visit; 0: it has none.
	users, length uint64
	seed          uint64
	load          string
	name_         uint64
	tenant        *param // nil: it is the same for all
	steps         bool   // kinds are the steps of visits, in order
	writes        uint64 // the seed of the ids of writes
	// recorded are the requests of a replay that come within the drive; nil: they are drawn.
	recorded []scenarios.Recorded
}

func newMix(l *scenarios.Load, to *scenarios.Node, seed uint64, from time.Duration) (*mix, error) {
	if len(l.Requests) == 0 {
		return nil, fmt.Errorf("no requests")
	}
	m := &mix{seed: seed, load: l.Name, name_: nameHash(l.Name, "request"), counts: make([]uint64, len(l.Requests))}
	if l.Tenant != nil && l.Tenant.Name == "" {
		p, err := newParam(l.Tenant.Param)
		if err != nil {
			return nil, fmt.Errorf("tenant: %w", err)
		}
		m.tenant = &p
	}
	total := 0.0
	requests, carried := l.Requests, []string(nil)
	if m.steps = l.Steps() != nil; m.steps {
		requests = shapes(requests)
	}
	for _, r := range requests {
		t, err := newTemplate(&parser{load: l, to: to, carried: carried, write: r.Write != nil}, r)
		carried = append(carried, slices.Collect(maps.Keys(r.Extract))...)
		if err != nil {
			return nil, fmt.Errorf("request %q: %w", r.Send, err)
		}
		m.kinds = append(m.kinds, t)
		if r.Weight < 0 || math.IsNaN(r.Weight) || math.IsInf(r.Weight, 0) {
			return nil, fmt.Errorf("request %q: weight %v", r.Send, r.Weight)
		}
		weight := r.Weight
		if weight == 0 {
			weight = 1
		}
		total += weight
		m.shares = append(m.shares, total)
	}
	for i := range m.shares {
		m.shares[i] /= total
	}
	if l.Replay != nil {
		m.recorded = within(l.Replay.Requests, from)
	}
	m.users = uint64(l.Users)
	if l.Session != nil {
		m.length = sessionLength(l)
	}
	return m, m.addLooks(l, requests)
}

// next is an open load's next request, or the first one of the next session. It is not safe for concurrent use.
func (m *mix) next(intended time.Duration) request {
	n := m.arrived
	m.arrived++
	switch {
	case m.recorded != nil:
		one := &m.recorded[n]
		r := request{seq: n, turn: n, kind: one.Kind, intended: intended}
		r.hop = &hop{method: one.Method, target: one.Target, mime: one.Type, own: one.Body}
		return m.counted(r)
	case m.steps: // a visit begins with its first step
		return request{seq: n * m.length, nth: n, turn: n, intended: intended}
	case m.length > 0:
		return m.session(n, intended)
	}
	return m.counted(request{seq: n, turn: n, kind: m.draw(n), intended: intended})
}

// skip passes over as many of those that next would give, which somebody else sends.
func (m *mix) skip(n uint64) {
	for range n {
		first := m.arrived * max(m.length, 1)
		m.arrived++
		switch {
		case m.recorded != nil:
			m.counts[m.recorded[first].Kind]++
		case !m.steps:
			for seq := first; seq < first+max(m.length, 1); seq++ {
				m.counts[m.draw(seq)]++
			}
		}
	}
}

// counted gives a request its number among its kind.
func (m *mix) counted(r request) request {
	r.nth = m.counts[r.kind]
	m.counts[r.kind]++
	return r
}

// draw is the kind of the request of a number.
func (m *mix) draw(seq uint64) int {
	if len(m.shares) == 1 {
		return 0
	}
	c := m.chance(seq)
	u := c.float64()
	return min(sort.Search(len(m.shares), func(i int) bool { return u < m.shares[i] }), len(m.shares)-1)
}

// session begins the nth session, all of whose requests are drawn with the first.
func (m *mix) session(n uint64, intended time.Duration) request {
	first := m.counted(request{seq: n * m.length, turn: n, kind: m.draw(n * m.length), intended: intended})
	for seq := first.seq + 1; seq < first.seq+m.length; seq++ {
		r := m.counted(request{seq: seq, kind: m.draw(seq)})
		first.rest = append(first.rest, r)
	}
	for i := range first.rest {
		first.rest[i].turn = n + uint64(i) + 1
	}
	return first
}

// user counts the requests of one user of a closed load.
type user struct {
	number, sent uint64
	counts       []uint64 // by kind
}

func (m *mix) user(number uint64) *user {
	return &user{number: number, counts: make([]uint64, len(m.kinds))}
}

// of is a user's next request, or the first one of the user's next visit.
func (m *mix) of(u *user, intended time.Duration) request {
	n := u.sent*m.users + u.number
	r := request{seq: n, turn: u.sent + u.number, intended: intended}
	u.sent++
	if m.steps {
		r.seq, r.nth = n*m.length, n
		return r
	}
	r.kind = m.draw(n)
	r.nth = u.counts[r.kind]*m.users + u.number
	u.counts[r.kind]++
	return r
}

// within are the requests of a recording from a time on.
func within(all []scenarios.Recorded, from time.Duration) []scenarios.Recorded {
	return all[sort.Search(len(all), func(i int) bool { return all[i].At >= from }):]
}

// step is the next request of a visit that is under way.
func (m *mix) step(v *visit, kind int, intended time.Duration) request {
	return request{
		seq: v.number*m.length + uint64(kind), nth: v.number, turn: v.turn + uint64(kind), kind: kind, intended: intended, visit: v,
	}
}

func (m *mix) chance(seq uint64) draws { return numberedDraws(m.seed, m.name_, seq) }

// name is the request's name in reports.
func (m *mix) name(r request) string { return m.kinds[r.kind].name }

// render appends the request as HTTP/1.1 to b and says how many bytes of it are its body.
func (m *mix) render(b []byte, r request) (_ []byte, body int) {
	t := &m.kinds[r.kind]
	c := m.chance(r.seq)
	c.float64() // the draw that chose the kind
	values := m.values(t, r, &c)
	if r.hop != nil {
		b = append(b, r.hop.method+" "+r.hop.target...)
	} else {
		b = append(b, t.method...)
		b = append(b, ' ')
		b = t.path.append(b, &values)
	}
	b = append(b, t.head...) // the rest of the request line and all fixed headers, up to the id
	named := len(b) - len(m.load) - len("-")
	b = strconv.AppendUint(b, r.seq, 10)
	trace := m.trace(b[named:])
	b = append(b, "\r\n"+wire.HeaderTraceparent+": "...)
	b, _ = trace.AppendText(b) // it never fails
	b = append(b, "\r\n"...)
	if m.tenant != nil { // drawn last, so that it changes nothing else
		b = append(b, wire.HeaderTenant+": "...)
		b = strconv.AppendUint(b, m.tenant.draw(&c, r.sender()), 10)
		b = append(b, "\r\n"...)
	}
	if t.write != nil && t.write.idempotencyKey {
		b = append(b, wire.HeaderIdempotency+": "...)
		b = append(b, values.id...)
		b = append(b, "\r\n"...)
	}
	if r.written != "" {
		b = append(b, wire.HeaderPosition+": "...)
		b = append(b, r.written...)
		b = append(b, "\r\n"...)
	}
	if t.fields != nil || r.visit != nil {
		b = t.appendFields(b, &values, r.visit)
	}
	if r.hop != nil && !r.hop.body {
		return r.hop.end(b)
	}
	if t.raw != nil { // it is sent after this, as it is
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(t.raw)), 10)
		return append(b, "\r\n\r\n"...), 0
	}
	if t.body == nil {
		return append(b, t.end...), 0
	}
	body = t.body.length(&values)
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(body), 10)
	b = append(b, "\r\n\r\n"...)
	return t.body.append(b, &values), body
}

// trace is that of a request, by its id: its first span is the user's own.
func (m *mix) trace(id []byte) wire.Traceparent {
	high, low := chance.Trace(m.seed, id)
	return wire.Traceparent{High: high, Low: low, Span: chance.Scramble(low) | 1}
}

// url is the request's target, for results.
func (m *mix) url(r request) string {
	t := &m.kinds[r.kind]
	c := m.chance(r.seq)
	c.float64()
	values := m.values(t, r, &c)
	if t.question != nil {
		return strings.ToLower(t.method) + "://" + t.host
	}
	if r.hop != nil {
		return "http://" + t.host + r.hop.target
	}
	return string(t.path.append([]byte("http://"+t.host), &values))
}
