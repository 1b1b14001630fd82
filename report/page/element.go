package page

import (
	"bytes"
	"html"
	"strconv"
)

// node is a part of the page. Text is escaped where it is written and nowhere else: a string that is handed to el is always
// text, and no part of a run can become markup.
type node interface{ write(*bytes.Buffer) }

// text is what people read.
type text string

func (t text) write(b *bytes.Buffer) { b.WriteString(html.EscapeString(string(t))) }

// verbatim is the page's own style and script, whose hashes the page's policy names. Nothing of a run becomes one.
type verbatim string

func (v verbatim) write(b *bytes.Buffer) { b.WriteString(string(v)) }

// nodes are several parts in a row.
type nodes []node

func (ns nodes) write(b *bytes.Buffer) {
	for _, n := range ns {
		n.write(b)
	}
}

// attribute is one of an element's. There is no style among them: the page's policy forbids those.
type attribute struct{ name, value string }

func at(name, value string) attribute { return attribute{name, value} }

func class(names string) attribute { return attribute{"class", names} }

// attributes are several that belong together.
type attributes []attribute

// coordinate is an attribute that is a number, as short as a tenth of a hundredth allows.
func coordinate(name string, value float64) attribute { return attribute{name, short(value)} }

func short(value float64) string {
	s := strconv.FormatFloat(value, 'f', 3, 64)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	if s == "-0" {
		return "0"
	}
	return s
}

type element struct {
	name       string
	attributes []attribute
	children   nodes
}

// empty are the elements of HTML that have no end tag.
var empty = map[string]bool{"meta": true, "input": true, "br": true, "link": true}

// el makes an element; parts are attributes, texts (strings) and parts of the page.
func el(name string, parts ...any) element {
	e := element{name: name}
	for _, part := range parts {
		switch p := part.(type) {
		case nil:
		case attribute:
			e.attributes = append(e.attributes, p)
		case attributes:
			e.attributes = append(e.attributes, p...)
		case string:
			e.children = append(e.children, text(p))
		case []node:
			e.children = append(e.children, p...)
		case node:
			e.children = append(e.children, p)
		default:
			panic("page: a part of an element is an attribute, a text or a node")
		}
	}
	return e
}

func (e element) write(b *bytes.Buffer) {
	b.WriteByte('<')
	b.WriteString(e.name)
	for _, a := range e.attributes {
		b.WriteByte(' ')
		b.WriteString(a.name)
		b.WriteString(`="`)
		b.WriteString(html.EscapeString(a.value))
		b.WriteByte('"')
	}
	b.WriteByte('>')
	if empty[e.name] {
		return
	}
	e.children.write(b)
	b.WriteString("</")
	b.WriteString(e.name)
	b.WriteByte('>')
}
