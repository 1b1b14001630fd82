package load

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// escape is how a text is written where it stands; a number is the same everywhere.
type escape byte

const (
	asIs escape = iota
	inPath
	inQuery // and in forms
	inJSON
	inHeader
)

// named is a text that a request takes in: a column of data, or what the visit has extracted.
type named struct {
	name   string
	data   *scenarios.Data // nil: the visit's
	column int
	write  bool // the id of the write
}

// values are what one request puts in place of its parameters.
type values struct {
	numbers [scenarios.MaxParams]uint64
	texts   []string
	id      string // of the write
}

// parser splits the texts of one request at their {parameters}; it collects each name once, in the order of their first appearance.
type parser struct {
	load    *scenarios.Load
	to      *scenarios.Node // nil: that is not known
	carried []string        // what earlier steps of the visit extract
	params  []string
	names   []named
	write   bool // {write} is the id of a write
}

func (p *parser) text(s string, as escape) (text, error) {
	var t text
	from := 0
	for _, m := range scenarios.Placeholder.FindAllStringSubmatchIndex(s, -1) {
		one := part{s[from:m[0]], -1, -1, as}
		var err error
		if one.param, one.name, err = p.find(s[m[2]:m[3]]); err != nil {
			return nil, err
		}
		t = append(t, one)
		from = m[1]
	}
	return append(t, part{s[from:], -1, -1, asIs}), nil
}

// find is the number of a parameter, or of a text.
func (p *parser) find(name string) (param, text int, err error) {
	table, column, dotted := strings.Cut(name, ".")
	write := p.write && name == scenarios.WriteParameter
	if !dotted && !write && !slices.Contains(p.carried, name) {
		i := slices.Index(p.params, name)
		if i < 0 {
			i = len(p.params)
			p.params = append(p.params, name)
		}
		if i >= scenarios.MaxParams {
			return 0, 0, fmt.Errorf("more than %d parameters", scenarios.MaxParams)
		}
		return i, -1, nil
	}
	if i := slices.IndexFunc(p.names, func(n named) bool { return n.name == name }); i >= 0 {
		return -1, i, nil
	}
	one := named{name: name, write: write}
	if dotted {
		one.data = p.load.Table(table)
		if one.data == nil || one.data.Column(column) < 0 || len(one.data.Rows) == 0 {
			return 0, 0, fmt.Errorf("{%s} is nothing: no such column of data was read", name)
		}
		one.column = one.data.Column(column)
	}
	p.names = append(p.names, one)
	return -1, len(p.names) - 1, nil
}

// path splits a path and its query, which escape what they take in each in their own way.
func (p *parser) path(s string) (text, error) {
	path, query, asked := strings.Cut(s, "?")
	t, err := p.text(path, inPath)
	if err != nil || !asked {
		return t, err
	}
	more, err := p.text("?"+query, inQuery)
	return append(t, more...), err
}

// setBody takes the body in, whichever way it is given.
func (t *template) setBody(p *parser, r scenarios.Request) (err error) {
	switch {
	case r.File != nil:
		t.raw = r.File.Bytes
		if t.raw == nil {
			t.raw = []byte{}
		}
	case r.JSON != "":
		t.body, err = p.text(string(r.JSON), inJSON)
	case r.Form != nil:
		var form strings.Builder
		for i, name := range slices.Sorted(maps.Keys(r.Form)) {
			if i > 0 {
				form.WriteByte('&')
			}
			form.WriteString(url.QueryEscape(name) + "=")
			form.WriteString(outside(r.Form[name], url.QueryEscape))
		}
		t.body, err = p.text(form.String(), inQuery)
	case r.Body != "":
		t.body, err = p.text(r.Body, asIs)
	}
	return err
}

// outside changes a text, but for its {parameters}.
func outside(s string, change func(string) string) string {
	var b strings.Builder
	from := 0
	for _, m := range scenarios.Placeholder.FindAllStringIndex(s, -1) {
		b.WriteString(change(s[from:m[0]]) + s[m[0]:m[1]])
		from = m[1]
	}
	return b.String() + change(s[from:])
}

// setFields takes the request's own headers in: those that are the same every time are returned.
func (t *template) setFields(p *parser, l *scenarios.Load, r scenarios.Request) (fixed map[string]string, err error) {
	fixed = map[string]string{}
	kind := ""
	switch {
	case r.JSON != "":
		kind = "application/json"
	case r.Form != nil:
		kind = "application/x-www-form-urlencoded"
	}
	given := func(name string, in map[string]string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(in)), func(k string) bool { return http.CanonicalHeaderKey(k) == name })
	}
	if kind != "" && !given("Content-Type", l.Headers) {
		fixed["Content-Type"] = kind
	}
	for _, k := range slices.Sorted(maps.Keys(r.Headers)) {
		name := http.CanonicalHeaderKey(k)
		value, err := p.text(r.Headers[k], inHeader)
		if err != nil {
			return nil, fmt.Errorf("header %q: %w", k, err)
		}
		if len(value) > 1 && name != "Host" {
			t.fields = append(t.fields, field{name, value})
		} else {
			fixed[name] = r.Headers[k]
		}
	}
	return fixed, nil
}

func (t text) append(b []byte, v *values) []byte {
	for i := range t {
		p := &t[i]
		b = append(b, p.literal...)
		switch {
		case p.param >= 0:
			b = strconv.AppendUint(b, v.numbers[p.param], 10)
		case p.name >= 0:
			b = p.escape.append(b, v.texts[p.name])
		}
	}
	return b
}

func (t text) length(v *values) int {
	n := 0
	for i := range t {
		p := &t[i]
		n += len(p.literal)
		switch {
		case p.param >= 0:
			n++
			for v := v.numbers[p.param]; v >= 10; v /= 10 {
				n++
			}
		case p.name >= 0:
			n += len(p.escape.append(nil, v.texts[p.name]))
		}
	}
	return n
}

func (e escape) append(b []byte, s string) []byte {
	switch e {
	case inPath:
		return append(b, url.PathEscape(s)...)
	case inQuery:
		return append(b, url.QueryEscape(s)...)
	case inJSON:
		return appendJSONText(b, s)
	case inHeader: // a line of its own, whatever was in the data
		return append(b, strings.TrimSpace(strings.Map(func(c rune) rune {
			if c < ' ' && c != '\t' || c == 0x7f {
				return ' '
			}
			return c
		}, s))...)
	}
	return append(b, s...)
}

// appendJSONText writes what stands between the quotes of a JSON string.
func appendJSONText(b []byte, s string) []byte {
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case c < ' ':
			b = append(b, fmt.Sprintf(`\u%04x`, c)...)
		default:
			b = append(b, string(c)...)
		}
	}
	return b
}

// row is the row of a table that a request takes, by the number of the request (or its visit).
func (m *mix) row(d *scenarios.Data, n uint64) []string {
	if d.By == "random" {
		c := newDraws(m.seed, m.load, "data "+d.Name, n)
		return d.Rows[min(int(c.float64()*float64(len(d.Rows))), len(d.Rows)-1)]
	}
	return d.Rows[n%uint64(len(d.Rows))]
}

// values are drawn for each request; in a visit whose steps are in order, for the visit.
func (m *mix) values(t *template, r request, c *draws) (v values) {
	if r.of != nil { // a look has those of its write
		r.seq, r.nth = r.of.seq, r.of.nth
		*c = m.chance(r.seq)
		c.float64()
	}
	n := r.seq
	if r.visit != nil {
		n = r.visit.number
		for i := range t.params {
			own := newDraws(m.seed, m.load, "visit "+t.drawn[i], n)
			v.numbers[i] = t.params[i].draw(&own, n)
		}
	} else {
		for i := range t.params {
			v.numbers[i] = t.params[i].draw(c, r.nth)
		}
	}
	w := m.writing(r)
	if t.names == nil && w == nil {
		return v
	}
	v.texts = make([]string, len(t.names))
	for i, one := range t.names {
		switch {
		case one.data != nil:
			v.texts[i] = m.row(one.data, n)[one.column]
		case r.visit != nil:
			v.texts[i] = r.visit.carried[one.name]
		}
	}
	if w != nil {
		v.name(t.names, m.drawID(r.seq))
		v.id = string(w.id.append(nil, &v))
		v.name(t.names, v.id)
	}
	return v
}

// shapes gives every step the shapes of parameters that another step says: one name is one value in a visit.
func shapes(steps []scenarios.Request) []scenarios.Request {
	said := map[string]scenarios.Param{}
	for _, r := range steps {
		for name, p := range r.Params {
			if _, first := said[name]; !first {
				said[name] = p
			}
		}
	}
	out := slices.Clone(steps)
	for i := range out {
		out[i].Params = said
	}
	return out
}
