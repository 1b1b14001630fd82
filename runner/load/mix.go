package load

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// request is one intended request of a load.
type request struct {
	// seq counts the load's requests from 0; kind indexes its kinds of request; nth counts the
	// kind's requests from 0.
	seq, nth uint64
	kind     int
	intended time.Duration
	// written is what its user's earlier answers said about where the user's writes are; empty: nothing.
	written string
	// visit is the one that it is a step of; nil: requests are drawn.
	visit *visit
	// of is the write that the request looks at; nil: it looks at none.
	of *origin
	// hop is where a redirect has sent it; nil: it is sent where its kind is.
	hop *hop
}

// mix chooses what each request of a load is. The choice and the parameters of request seq depend
// on the seed, the load and seq alone, so that they are the same on every run and every engine.
type mix struct {
	kinds  []template
	shares []float64 // cumulative, the last one is 1
	counts []uint64
	seq    uint64
	seed   uint64
	load   string
	name_  uint64
	tenant *param // nil: it is the same for all
	steps  bool   // kinds are the steps of visits, in order
	writes uint64 // the seed of the ids of writes
	// recorded are the requests of a replay that come within the drive; nil: they are drawn.
	recorded []scenarios.Recorded
}

func newMix(l *scenarios.Load, seed uint64, from time.Duration) (*mix, error) {
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
		t, err := newTemplate(&parser{load: l, carried: carried, write: r.Write != nil}, r)
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
	return m, m.addLooks(l, requests)
}

// next is the load's next request. It is not safe for concurrent use.
func (m *mix) next(intended time.Duration) request {
	r := request{seq: m.seq, intended: intended}
	m.seq++
	if len(m.shares) > 1 && !m.steps && m.recorded == nil { // a visit begins with its first step
		c := m.chance(r.seq)
		u := c.float64()
		r.kind = min(sort.Search(len(m.shares), func(i int) bool { return u < m.shares[i] }), len(m.shares)-1)
	}
	if m.recorded != nil {
		one := &m.recorded[r.seq]
		r.kind = one.Kind
		r.hop = &hop{method: one.Method, target: one.Target, mime: one.Type, own: one.Body}
	}
	r.nth = m.counts[r.kind]
	m.counts[r.kind]++
	return r
}

// within are the requests of a recording from a time on.
func within(all []scenarios.Recorded, from time.Duration) []scenarios.Recorded {
	return all[sort.Search(len(all), func(i int) bool { return all[i].At >= from }):]
}

// step is the next request of a visit that is under way. It is not safe for concurrent use.
func (m *mix) step(v *visit, kind int, intended time.Duration) request {
	r := request{seq: m.seq, kind: kind, nth: m.counts[kind], intended: intended, visit: v}
	m.seq++
	m.counts[kind]++
	return r
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
	if r.hop != nil {
		return "http://" + t.host + r.hop.target
	}
	return string(t.path.append([]byte("http://"+t.host), &values))
}
