package load

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/squallhq/squall/runner/load/inspect"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// template is one kind of request, ready to be rendered.
type template struct {
	name   string
	method string
	host   string
	path   text
	// head runs from the space after the path to the value of the id header; end is what follows it when there is no body.
	head, end string
	body      text
	params    []param
	redirect  bool // a redirect is the right answer

	// What a plain request has nothing of: texts that stand for columns of data and for what a visit extracts, headers with
	// parameters in them, a body from a file, and what is wanted of the answer.
	names  []named
	fields []field
	raw    []byte
	rules  *inspect.Rules
	goOn   bool
	// redirects is how many are followed.
	redirects int
	drawn     []string // the names of params
	rpc       string   // the method of gRPC that it is for; "": none
	// connects is what making a connection of WebSocket for it is called; echo tells that its answer has to be the same.
	connects string
	echo     bool
	// question is what a database or Redis is asked in place of all of these; nil: HTTP is spoken.
	question *question
	// write is what a write needs besides; nil: it is none that is accounted for.
	write *writing
}

// field is a header with parameters in its value.
type field struct {
	name  string
	value text
}

// text is literal pieces with parameters between them: piece 0, parameter 0, piece 1 ...
type text []part

type part struct {
	literal string
	param   int // index of the parameter after the literal; -1 for none
	name    int // index of the text after the literal, where that is no number; -1 for none
	escape  escape
}

func newTemplate(p *parser, r scenarios.Request) (template, error) {
	l := p.load
	if spoken := r.Protocol(); spoken == scenarios.SQL || spoken == scenarios.Redis {
		return newQuestion(p, r)
	}
	name := r.Send
	switch r.Protocol() {
	case scenarios.GRPC: // on the wire it is a request of HTTP/2
		r.Send = http.MethodPost + " /" + r.GRPC
	case scenarios.WebSocket: // which begins as one
		r.Send = http.MethodGet + " " + r.WebSocket
	}
	method, path, ok := strings.Cut(r.Send, " ")
	if !ok || !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return template{}, fmt.Errorf("want METHOD /path")
	}
	if !httpguts.ValidHeaderFieldName(method) { // a method is a token, as a header's name is
		return template{}, fmt.Errorf("method %q", method)
	}
	t := template{name: name, rpc: r.GRPC, connects: r.Connects(), echo: r.Check == nil, method: method, host: l.To, redirect: r.Redirect, goOn: r.GoOn, redirects: r.Redirects}
	var err error
	if t.path, err = p.path(path); err != nil {
		return template{}, err
	}
	if err := t.setBody(p, r); err != nil {
		return template{}, err
	}
	fixed, err := t.setFields(p, l, r)
	if err != nil {
		return template{}, err
	}
	if err := t.settle(p, r); err != nil {
		return template{}, err
	}
	t.head, err = headers(l, r, fixed, t.fields)
	if err != nil {
		return template{}, err
	}
	t.end = "\r\n"
	if t.body == nil && t.raw == nil {
		t.end = bodiless(method)
	}
	return t, nil
}

// settle takes in what every request may have, whatever is spoken: that it writes, its parameters, and what is wanted of its answer.
func (t *template) settle(p *parser, r scenarios.Request) (err error) {
	if r.Write != nil {
		if t.write, err = newWriting(p, r.Write); err != nil {
			return err
		}
	}
	for _, name := range p.params {
		one, err := newParam(r.Params[name])
		if err != nil {
			return fmt.Errorf("parameter %q: %w", name, err)
		}
		t.params = append(t.params, one)
	}
	t.names, t.drawn = p.names, p.params
	t.rules, err = inspect.New(r.Check, r.Extract)
	return err
}

// bodiless ends the head of a request without a body (RFC 9110, 8.6).
func bodiless(method string) string {
	if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		return "Content-Length: 0\r\n\r\n"
	}
	return "\r\n"
}

// headers are the rest of the request line and all headers that are the same every time, ending in the id header's first part.
func headers(l *scenarios.Load, r scenarios.Request, fixed map[string]string, varying []field) (string, error) {
	// Users have a key of their own unless the scenario gives them another (or, by a header, none).
	fields := map[string]string{"User-Agent": "squall", "X-Api-Key": l.Name}
	for k, v := range l.Headers {
		fields[http.CanonicalHeaderKey(k)] = v
	}
	if l.APIKey != "" {
		fields["X-Api-Key"] = l.APIKey
	}
	maps.Copy(fields, fixed)
	for _, f := range varying {
		delete(fields, f.name) // it is written each time
	}
	if _, given := fields["Accept-Encoding"]; l.Gzip && !given {
		fields["Accept-Encoding"] = "gzip"
	}
	host := l.To
	if h, given := fields["Host"]; given {
		host = h
	}
	for _, k := range []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", wire.HeaderRequest, wire.HeaderTraceparent, wire.HeaderTenant} {
		delete(fields, k)
	}
	fields[wire.HeaderLoad] = l.Name
	if priority := cmp.Or(r.Priority, l.Priority); priority != "" {
		fields[wire.HeaderPriority] = priority
	}
	if l.Tenant != nil && l.Tenant.Name != "" {
		fields[wire.HeaderTenant] = l.Tenant.Name
	}
	var b strings.Builder
	b.WriteString(" HTTP/1.1\r\nHost: " + host + "\r\n")
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		if !httpguts.ValidHeaderFieldName(k) || !httpguts.ValidHeaderFieldValue(fields[k]) {
			return "", fmt.Errorf("header %q can't be sent", k)
		}
		b.WriteString(k + ": " + fields[k] + "\r\n")
	}
	b.WriteString(wire.HeaderRequest + ": " + l.Name + "-")
	return b.String(), nil
}

// param draws the values of one parameter.
type param struct {
	shape string // zipf, uniform, sequence
	of    uint64 // 0: unbounded, for sequences
	zipf  zipf
}

func newParam(p scenarios.Param) (param, error) {
	of := uint64(p.Of)
	switch {
	case p.Of < 0 || p.Zipf < 0:
		return param{}, fmt.Errorf("negative")
	case p.Zipf > 0:
		if of == 0 {
			of = scenarios.DefaultParamValues
		}
		return param{shape: "zipf", of: of, zipf: newZipf(p.Zipf, int(of))}, nil
	case p.Uniform:
		if of == 0 {
			of = scenarios.DefaultParamValues
		}
		return param{shape: "uniform", of: of}, nil
	}
	return param{shape: "sequence", of: of}, nil
}

// draw is a value from 1 on; a sequence's is the number of the request among its kind.
func (p *param) draw(c *draws, nth uint64) uint64 {
	switch p.shape {
	case "zipf":
		return uint64(p.zipf.draw(c))
	case "uniform":
		return 1 + uint64(c.float64()*float64(p.of))
	}
	if p.of > 0 {
		nth %= p.of
	}
	return nth + 1
}
