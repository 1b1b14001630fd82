// Package inspect looks at answers: whether what a scenario wants of them is so, and which values they carry. It sends nothing.
package inspect

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/jsonpath"
)

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Rules are what is wanted of the answers to one kind of request.
type Rules struct {
	statuses []int
	headers  []header
	paths    []place
	contains string
	matches  *regexp.Regexp
	extracts []extract
	body     bool
}

type header struct {
	name, value string
	beginning   bool // the value is only how it begins
}

type place struct {
	path jsonpath.Path
	want any
}

type extract struct {
	name, header string
	path         *jsonpath.Path
	pattern      *regexp.Regexp
}

// New compiles what a request wants. nil: nothing.
func New(check *scenarios.Check, extracts map[string]scenarios.Extract) (*Rules, error) {
	if check == nil && len(extracts) == 0 {
		return nil, nil
	}
	r := &Rules{}
	if check != nil {
		if err := r.check(check); err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(extracts)) {
		one, err := newExtract(name, extracts[name])
		if err != nil {
			return nil, fmt.Errorf("extract %q: %w", name, err)
		}
		r.extracts = append(r.extracts, one)
		r.body = r.body || one.header == ""
	}
	return r, nil
}

func (r *Rules) check(c *scenarios.Check) error {
	r.statuses = c.Status
	for _, name := range slices.Sorted(maps.Keys(c.Header)) {
		value, beginning := strings.CutSuffix(c.Header[name], "*")
		r.headers = append(r.headers, header{http.CanonicalHeaderKey(name), value, beginning})
	}
	for _, text := range slices.Sorted(maps.Keys(c.JSON)) {
		path, err := jsonpath.Parse(text)
		if err != nil {
			return err
		}
		want, err := jsonpath.Decode([]byte(c.JSON[text]))
		if err != nil {
			return err
		}
		r.paths = append(r.paths, place{path, want})
	}
	if c.Body != nil {
		r.contains = c.Body.Contains
		if c.Body.Matches != "" {
			var err error
			if r.matches, err = regexp.Compile(c.Body.Matches); err != nil {
				return err
			}
		}
	}
	r.body = len(r.paths) > 0 || c.Body != nil
	return nil
}

func newExtract(name string, e scenarios.Extract) (extract, error) {
	one := extract{name: name, header: http.CanonicalHeaderKey(e.Header)}
	switch {
	case e.JSON != "":
		path, err := jsonpath.Parse(e.JSON)
		if err != nil {
			return extract{}, err
		}
		one.path = &path
	case e.Regexp != "":
		pattern, err := regexp.Compile(e.Regexp)
		if err != nil {
			return extract{}, err
		}
		one.pattern = pattern
	}
	return one, nil
}

// NeedsBody tells that the body has to be kept.
func (r *Rules) NeedsBody() bool { return r != nil && r.body }

// Status tells whether a status is one of those that are right; said is false where nothing was said of it.
func (r *Rules) Status(status int) (right, said bool) {
	if r == nil || len(r.statuses) == 0 {
		return false, false
	}
	return slices.Contains(r.statuses, status), true
}

// Check says what is not as it should be, past the status: "header NAME", "json PATH" or "body"; "" for nothing.
func (r *Rules) Check(a Answer) string {
	for _, h := range r.headers {
		if !slices.ContainsFunc(a.Header.Values(h.name), h.is) {
			return "header " + h.name
		}
	}
	if len(r.paths) > 0 {
		document, err := jsonpath.Decode(a.Body)
		for _, p := range r.paths {
			if err != nil || !slices.ContainsFunc(p.path.Find(document), func(v any) bool { return jsonpath.Equal(v, p.want) }) {
				return "json " + p.path.String()
			}
		}
	}
	if r.contains != "" && !strings.Contains(string(a.Body), r.contains) || r.matches != nil && !r.matches.Match(a.Body) {
		return "body"
	}
	return ""
}

func (h header) is(value string) bool {
	return value == h.value || h.beginning && strings.HasPrefix(value, h.value)
}

// mostExtracted is the longest value that a visit carries on.
const mostExtracted = 64 << 10

// Extract takes the values out of an answer; missing is the name of the first that it does not have, or that is too long or
// has control characters in it, and could not be sent on.
func (r *Rules) Extract(a Answer, into map[string]string) (missing string) {
	var document any
	read := false
	for _, e := range r.extracts {
		var value string
		found := false
		switch {
		case e.header != "":
			if values := a.Header.Values(e.header); len(values) > 0 {
				value, found = values[0], true
			}
		case e.path != nil:
			if !read {
				document, _ = jsonpath.Decode(a.Body) // what is none has nothing at any path
				read = true
			}
			if at := e.path.Find(document); len(at) > 0 && at[0] != nil {
				value, found = jsonpath.Text(at[0]), true
			}
		default:
			if m := e.pattern.FindSubmatch(a.Body); m != nil {
				value, found = string(m[min(1, len(m)-1)]), true
			}
		}
		if !found || len(value) > mostExtracted || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return e.name
		}
		into[e.name] = value
	}
	return ""
}
