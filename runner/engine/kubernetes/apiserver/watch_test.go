package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// told is a pod as a server tells of it.
func told(name, uid, version, phase string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q,"uid":%q,"resourceVersion":%q},"status":{"phase":%q}}`, name, uid, version, phase)
}

func change(what, object string) string { return fmt.Sprintf(`{"type":%q,"object":%s}`, what, object) }

func podsAt(version string, pods ...string) *http.Response {
	return answers(200, fmt.Sprintf(`{"metadata":{"resourceVersion":%q},"items":[%s]}`, version, strings.Join(pods, ",")))
}

// script is a server that answers lists and watches from what a test has laid out, in order.
type script struct {
	t       *testing.T
	lists   []*http.Response
	watches []func(s *stream) (*http.Response, error)
}

func (s *script) reply(_ int, r *http.Request) (*http.Response, error) {
	if r.URL.Query().Get("watch") == "" {
		if len(s.lists) == 0 {
			return nil, errors.New("one list too many")
		}
		next := s.lists[0]
		s.lists = s.lists[1:]
		return next, nil
	}
	next := func(st *stream) (*http.Response, error) { return st.response(), nil } // quiet
	if len(s.watches) > 0 {
		next, s.watches = s.watches[0], s.watches[1:]
	}
	return next(newStream(r.Context()))
}

// tells sends lines and then ends as a server does that is killed; stays keeps the connection open.
func tells(stays bool, lines ...string) func(*stream) (*http.Response, error) {
	return func(s *stream) (*http.Response, error) {
		for _, line := range lines {
			s.lines <- line
		}
		if !stays {
			close(s.lines)
		}
		return s.response(), nil
	}
}

// watched is what a watch of a script tells within a minute, and what was asked.
func watched(t *testing.T, s *script) (heard []string, asked []asked) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{reply: s.reply}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for e, err := range Watch[kinds.Pod](ctx, clientOf(f, &someone{}), Pods, Query{Labels: "squall.run=r"}) {
			if err != nil {
				heard = append(heard, "error: "+err.Error())
				continue
			}
			heard = append(heard, strings.TrimSpace(fmt.Sprint(e.Change, " ", e.Object.Metadata.Name, " ", e.Object.Status.Phase)))
		}
		asked = f.asked
	})
	return heard, asked
}

func versions(all []asked) []string {
	var out []string
	for _, a := range all {
		_, after, watches := strings.Cut(a.what, "resourceVersion=")
		if !watches {
			out = append(out, "list")
			continue
		}
		version, _, _ := strings.Cut(after, "&")
		out = append(out, "from "+version)
	}
	return out
}

func TestWatchGoesOnWhereItWas(t *testing.T) {
	s := &script{t: t, lists: []*http.Response{podsAt("10", told("a", "1", "3", "Pending"))}}
	s.watches = []func(*stream) (*http.Response, error){
		tells(false, change("MODIFIED", told("a", "1", "11", "Running")), change("BOOKMARK", told("", "", "15", ""))),
		// The API server is away; then it comes back, and loses a connection in the middle of a line.
		func(*stream) (*http.Response, error) { return nil, errAway },
		func(*stream) (*http.Response, error) { return nil, errAway },
		tells(false, change("ADDED", told("b", "2", "16", "Pending")), `{"type":"ADDED","obj`),
		tells(true, change("DELETED", told("a", "1", "17", "Failed"))),
	}
	heard, asked := watched(t, s)
	if diff := cmp.Diff([]string{"ADDED a Pending", "SYNCED", "MODIFIED a Running", "ADDED b Pending", "DELETED a Failed"}, heard); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"list", "from 10", "from 15", "from 15", "from 15", "from 16"}, versions(asked)); diff != "" {
		t.Error(diff)
	}
}

// A place that the server remembers no more is a gap: what there is now is told, and what has gone in it, however the server says so.
func TestWatchOverAGap(t *testing.T) {
	for name, gap := range map[string]func(*stream) (*http.Response, error){
		"as an event":  tells(false, change("ERROR", `{"code":410,"reason":"Expired","message":"too old resource version"}`)),
		"as an answer": func(*stream) (*http.Response, error) { return says(410, "Expired", "too old"), nil },
		"it broke off": tells(false, change("ERROR", `{"code":500,"reason":"InternalError","message":"etcd event received with PrevKv=nil"}`)),
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{t: t, lists: []*http.Response{
				podsAt("10", told("a", "1", "3", "Running"), told("b", "2", "4", "Running"), told("c", "3", "5", "Running")),
				// b has gone, and c is another one of the same name.
				podsAt("90", told("a", "1", "3", "Running"), told("c", "9", "80", "Pending")),
			}, watches: []func(*stream) (*http.Response, error){gap, tells(true, change("MODIFIED", told("c", "9", "91", "Running")))}}
			heard, asked := watched(t, s)
			if len(heard) != 10 {
				t.Fatalf("heard %q", heard)
			}
			gone := map[string]bool{heard[4]: true, heard[5]: true} // in any order
			if !gone["DELETED b Running"] || !gone["DELETED c Running"] {
				t.Errorf("after the gap %q, want that b and the first c are gone", heard[4:6])
			}
			if diff := cmp.Diff([]string{"MODIFIED a Running", "ADDED c Pending", "SYNCED", "MODIFIED c Running"}, heard[6:]); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"list", "from 10", "list", "from 90"}, versions(asked)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A server that ends every connection at once is not asked all the time; one that may not be asked ends the watch, with the reason.
func TestWatchEnds(t *testing.T) {
	s := &script{t: t, lists: []*http.Response{podsAt("10")}}
	for range 1000 {
		s.watches = append(s.watches, tells(false))
	}
	heard, asked := watched(t, s)
	if len(heard) != 1 || len(asked) > 60 {
		t.Errorf("heard %q, and asked %d times in a minute", heard, len(asked))
	}
	s = &script{t: t, lists: []*http.Response{podsAt("10")}, watches: []func(*stream) (*http.Response, error){
		func(*stream) (*http.Response, error) { return says(403, "Forbidden", "pods is forbidden"), nil },
	}}
	heard, _ = watched(t, s)
	want := []string{"SYNCED", "error: watch pods in namespace \"team\": pods is forbidden; `squall kubernetes role` prints the role that squall needs (403)"}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Error(diff)
	}
}

// Who has enough gets nothing more, and nothing goes on.
func TestWatchIsBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, lists: []*http.Response{podsAt("10", told("a", "1", "3", "Running"), told("b", "2", "4", "Running"))}}
		f := &fake{reply: s.reply}
		for e := range Watch[kinds.Pod](t.Context(), clientOf(f, &someone{}), Pods, Query{}) {
			if e.Object.Metadata.Name == "a" {
				break
			}
		}
		if len(f.asked) != 1 {
			t.Errorf("asked %q", f.targets())
		}
	})
}
