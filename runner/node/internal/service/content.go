package service

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// content is what an answer consists of: a text or so many bytes, and headers.
type content struct {
	text    string
	size    int64 // 0: the text
	kind    string
	headers map[string]string
	params  []string // those of the endpoint's path, and the message's after a pop
}

var pathParameter = regexp.MustCompile(`\{([^{}.]+)(\.\.\.)?\}`)

// contentOf is what a respond step says of the answer's body and headers; nil: nothing.
func contentOf(what *scenarios.Respond, match string, popping bool) *content {
	if what.Body == (scenarios.Content{}) && what.Headers == nil {
		return nil
	}
	c := &content{text: what.Body.Text, size: what.Body.Size, headers: what.Headers}
	for _, m := range pathParameter.FindAllStringSubmatch(match, -1) {
		c.params = append(c.params, m[1])
	}
	if popping {
		c.params = append(c.params, scenarios.ParamKey, scenarios.ParamID)
	}
	switch first := strings.TrimLeft(c.text, " \n"); {
	case c.size > 0:
		c.kind = "application/octet-stream"
	case strings.HasPrefix(first, "{") || strings.HasPrefix(first, "["):
		c.kind = "application/json"
	case c.text != "":
		c.kind = "text/plain; charset=utf-8"
	}
	return c
}

// fill replaces the endpoint's parameters, and no other braces.
func (c *content) fill(text string, value func(name string) string) string {
	if c.params == nil || !strings.Contains(text, "{") {
		return text
	}
	pairs := make([]string, 0, 2*len(c.params))
	for _, name := range c.params {
		pairs = append(pairs, "{"+name+"}", value(name))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// head sets the answer's headers.
func (c *content) head(h http.Header, value func(name string) string) {
	if c.kind != "" {
		h.Set("Content-Type", c.kind)
	}
	for name, text := range c.headers {
		h.Set(name, headerText(c.fill(text, value)))
	}
	if c.size > 0 {
		h.Set("Content-Length", strconv.FormatInt(c.size, 10))
	}
}

// filler is what a body of a size is made of.
var filler = bytes.Repeat([]byte("squall\n"), 4681)

// write writes the body. A client that left reads nothing.
func (c *content) write(w io.Writer, value func(name string) string) {
	if c.size == 0 {
		io.WriteString(w, c.fill(c.text, value)) //nolint:errcheck
		return
	}
	for left := c.size; left > 0; {
		n, err := w.Write(filler[:min(left, int64(len(filler)))])
		if err != nil {
			return
		}
		left -= int64(n)
	}
}
