package load

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"

	"github.com/squallhq/squall/runner/load/clock"
	"github.com/squallhq/squall/runner/load/inspect"
	"github.com/squallhq/squall/runner/record"
)

// visit is one user's way through the steps of a session, and what that user carries on from answer to request.
type visit struct {
	number  uint64 // from 0
	turn    uint64 // of its first step
	carried map[string]string
	jar     *cookiejar.Jar
	at      *url.URL // where cookies are from
}

// begin makes a request the first step of a visit.
func (c *class) begin(r request) request {
	r.visit = &visit{
		number: r.nth, turn: r.turn, carried: map[string]string{},
		at: &url.URL{Scheme: "http", Host: c.load.To, Path: "/"},
	}
	r.visit.jar, _ = cookiejar.New(nil) // it fails on options alone
	return r
}

// walk sends a visit's steps one after the other, with think time between. A step that fails ends it unless it says otherwise,
// and so does one whose parameter an earlier step did not find. It says when the next visit of the same user may begin.
func (c *class) walk(ctx context.Context, r request, self *memory, w *clock.Waiter, chance *draws, seen func(record.Sample)) time.Duration {
	s := c.send(ctx, r, self)
	seen(s)
	for kind := 1; kind < len(c.mix.shares); kind++ {
		at := c.afterwards(chance, s)
		if s.Outcome == record.Failed && !c.mix.kinds[r.kind].goOn || !r.visit.has(c.mix.kinds[kind].names) {
			return at
		}
		if !c.due(ctx, *w, at) {
			return at
		}
		r = c.mix.step(r.visit, kind, at)
		switch {
		case c.load.Users > 0: // they are the limit
			c.inFlight.Add(1)
			c.meter.enter()
			s = c.send(ctx, r, self)
		case c.admit():
			s = c.send(ctx, r, self)
		default:
			s = c.unsent(r, record.ErrUnsent)
		}
		seen(s)
	}
	return c.afterwards(chance, s)
}

// has tells that the visit carries all that a step's texts are.
func (v *visit) has(names []named) bool {
	for _, n := range names {
		if _, there := v.carried[n.name]; n.data == nil && !there {
			return false
		}
	}
	return true
}

// appendFields writes the headers that are not the same every time, and the cookies of the visit.
func (t *template) appendFields(b []byte, values *values, v *visit) []byte {
	for _, f := range t.fields {
		b = append(b, f.name...)
		b = append(b, ": "...)
		b = f.value.append(b, values)
		b = append(b, "\r\n"...)
	}
	if v == nil {
		return b
	}
	at := *v.at
	at.Path = string(t.path.append(nil, values))
	sep := "Cookie: "
	for _, cookie := range v.jar.Cookies(&at) {
		b = append(b, sep+cookie.Name+"="+cookie.Value...)
		sep = "; "
	}
	if sep == "; " {
		b = append(b, "\r\n"...)
	}
	return b
}

// learn takes in the cookies of an answer.
func (v *visit) learn(h http.Header) {
	var cookies []*http.Cookie
	for _, line := range h.Values("Set-Cookie") {
		if cookie, err := http.ParseSetCookie(line); err == nil {
			cookies = append(cookies, cookie)
		}
	}
	if cookies != nil {
		v.jar.SetCookies(v.at, cookies)
	}
}

// judge is what an answer came to: by its status, by what the scenario wants of it, and by what a visit takes from it.
func (t *template) judge(a answer, v *visit) (record.Outcome, string) {
	if v != nil {
		v.learn(a.header)
	}
	if a.refusal != nil {
		return record.Failed, a.refusal.class
	}
	failed := a.status < 200 || a.status >= 400 || a.astray
	if right, said := t.rules.Status(a.status); said {
		if !right && !failed {
			return record.Failed, record.ErrCheck + "status " + statusClass(a.status)
		}
		failed = !right
	}
	if failed {
		return record.Failed, statusClass(a.status)
	}
	if t.rules != nil {
		seen := inspect.Answer{Status: a.status, Header: a.header, Body: a.body}
		if what := t.rules.Check(seen); what != "" {
			return record.Failed, record.ErrCheck + what
		}
		if v != nil {
			if missing := t.rules.Extract(seen, v.carried); missing != "" {
				return record.Failed, record.ErrCheck + "extract " + missing
			}
		}
	}
	if a.degraded {
		return record.Degraded, ""
	}
	return record.OK, ""
}
