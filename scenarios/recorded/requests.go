// Package recorded reads requests that were recorded elsewhere: the access logs of servers and the HAR files of browsers. It
// opens no file.
package recorded

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Limits of what is read.
const (
	MaxBytes    = 64 << 20
	MaxRequests = 1_000_000
	// MaxKinds is how many different requests are told apart in reports; the rest is one kind, for each method.
	MaxKinds = 100
)

// Request is one that was recorded. At counts from the first one.
type Request struct {
	At             time.Duration
	Method, Target string
	Body, Type     string
	// Kind is the number of its kind.
	Kind int
}

// Recording is what a file has, in the order of the times. Skipped are the entries that are no requests that can be sent again:
// other people's hosts, and what was no HTTP.
type Recording struct {
	Requests []Request
	Kinds    []string // "METHOD /path/{id}"
	Skipped  int
}

// Mistake is what is wrong with a file, and where; Line and Column count from 1.
type Mistake struct {
	Line, Column int
	What, Fix    string
}

func (m *Mistake) Error() string {
	return fmt.Sprintf("%d:%d: %s; %s", m.Line, m.Column, m.What, m.Fix)
}

// entry is a request with the time of day at which it was made.
type entry struct {
	at             time.Time
	coarse         bool // the time is in whole seconds
	method, target string
	body, mime     string
}

// methods are those that are sent again.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// target is the path and query of a request's target; false for one that can't be sent to a node.
func target(method, raw string) (string, bool) {
	if !slices.Contains(methods, method) {
		return "", false
	}
	if !strings.HasPrefix(raw, "/") {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			return "", false
		}
		raw = u.RequestURI()
	}
	raw, _, _ = strings.Cut(raw, "#")
	if strings.ContainsFunc(raw, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return "", false
	}
	return raw, true
}

// put makes a recording of entries. Times in whole seconds say no more than that: those of one second are spread over it evenly.
func put(entries []entry, skipped int) (Recording, error) {
	if len(entries) == 0 {
		return Recording{}, &Mistake{1, 1, "the file has no request that can be sent", "give one of an entry or more, as in GET /path"}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return a.at.Compare(b.at) })
	out := Recording{Skipped: skipped, Requests: make([]Request, len(entries))}
	kinds := map[string]int{}
	for i := 0; i < len(entries); {
		same := i + 1
		for entries[i].coarse && same < len(entries) && entries[same].at.Equal(entries[i].at) {
			same++
		}
		for n := i; n < same; n++ {
			e := entries[n]
			at := e.at.Sub(entries[0].at) + time.Second*time.Duration(n-i)/time.Duration(same-i)
			out.Requests[n] = Request{At: at, Method: e.method, Target: e.target, Body: e.body, Type: e.mime, Kind: out.kind(kinds, e)}
		}
		i = same
	}
	return out, nil
}

// kind is the number of an entry's kind: its method and its path, with {id} for what looks like one.
func (r *Recording) kind(known map[string]int, e entry) int {
	path, _, _ := strings.Cut(e.target, "?")
	name := e.method + " " + Name(path)
	if _, there := known[name]; !there && len(r.Kinds) >= MaxKinds {
		name = e.method + " /{other}"
	}
	n, there := known[name]
	if !there {
		n = len(r.Kinds)
		known[name] = n
		r.Kinds = append(r.Kinds, name)
	}
	return n
}

var (
	number = regexp.MustCompile(`^[0-9]+$`)
	hexed  = regexp.MustCompile(`^[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*$`)
)

// Name is a path with {id} for each part that is a number, or that looks like a UUID or a hash.
func Name(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if number.MatchString(part) || len(part) >= 16 && hexed.MatchString(part) {
			parts[i] = "{id}"
		} else if strings.ContainsAny(part, "{}*") {
			parts[i] = "{odd}" // it would read as a parameter
		}
	}
	return strings.Join(parts, "/")
}

func mime(text string) string {
	if !httpguts.ValidHeaderFieldValue(text) {
		return ""
	}
	return strings.TrimSpace(text)
}
