package load_test

import (
	"compress/gzip"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// Redirects are followed as far as the request says, on the same node, with the method and body that they keep; the time of all
// hops is the request's. What leads elsewhere, or is one too many, fails with the status of the redirect.
func TestRedirectsAreFollowed(t *testing.T) {
	t.Parallel()
	var got seen
	mux := http.NewServeMux()
	mux.HandleFunc("/to/{status}/{n}", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		body, _ := io.ReadAll(r.Body)
		got.add("%s %s [%s]", r.Method, r.URL.Path, body)
		status := map[string]int{"301": 301, "303": 303, "307": 307}[r.PathValue("status")]
		switch n := r.PathValue("n"); n {
		case "0":
			_, _ = io.WriteString(w, "there")
		case "away":
			w.Header().Set("Location", "http://bank.example/")
			w.WriteHeader(status)
		case "2":
			w.Header().Set("Location", "1?x") // seen from where it stands
			w.WriteHeader(status)
		default:
			w.Header().Set("Location", "/to/"+r.PathValue("status")+"/0")
			w.WriteHeader(status)
		}
	})
	check := &scenarios.Check{Body: &scenarios.BodyCheck{Contains: "there"}}
	l := &scenarios.Load{Name: "users", To: "web", Rate: 1, Session: &scenarios.Session{Steps: []scenarios.Request{
		{Send: "GET /to/301/2", Redirects: 2, Check: check, GoOn: true},
		{Send: "POST /to/303/1", Body: "b", Redirects: 1, Check: check, GoOn: true},
		{Send: "POST /to/301/1", Body: "b", Redirects: 1, Check: check, GoOn: true},
		{Send: "PUT /to/307/1", Body: "b", Redirects: 1, Check: check, GoOn: true},
		{Send: "GET /to/301/2?few", Redirects: 1, GoOn: true},
		{Send: "GET /to/303/away", Redirects: 5, GoOn: true},
		{Send: "GET /to/303/1", GoOn: true},
	}}}
	l.Requests = l.Session.Steps
	d := virtually(t, []*scenarios.Load{l}, time.Second+900*time.Millisecond, mux, nil)
	want := map[string]struct {
		took  time.Duration
		error string
	}{
		"GET /to/301/2": {300 * time.Millisecond, ""}, "POST /to/303/1": {200 * time.Millisecond, ""}, "POST /to/301/1": {200 * time.Millisecond, ""},
		"PUT /to/307/1": {200 * time.Millisecond, ""}, "GET /to/301/2?few": {200 * time.Millisecond, "301"}, "GET /to/303/away": {100 * time.Millisecond, "303"},
		"GET /to/303/1": {100 * time.Millisecond, "303"},
	}
	for _, s := range d.samples {
		w := want[s.Request]
		if s.Error != w.error || s.Latency() < w.took || s.Latency() > w.took+time.Millisecond {
			t.Errorf("%s: %q after %v, want %q after %v", s.Request, s.Error, s.Latency(), w.error, w.took)
		}
	}
	first := strings.Join(got.what[:9], ", ")
	if want := "GET /to/301/2 [], GET /to/301/1 [], GET /to/301/0 [], POST /to/303/1 [b], GET /to/303/0 [], POST /to/301/1 [b], GET /to/301/0 [], PUT /to/307/1 [b], PUT /to/307/0 [b]"; first != want {
		t.Errorf("the server saw\n%s, want\n%s", first, want)
	}
}

// A load that takes gzip says so, and its checks see what was packed; an answer that is none, though it says so, is a broken body.
func TestGzip(t *testing.T) {
	t.Parallel()
	l := &scenarios.Load{Name: "users", To: "web", Rate: 10, Gzip: true, Requests: []scenarios.Request{
		{Send: "GET /packed", Check: &scenarios.Check{JSON: map[string]scenarios.JSON{"$.id": "5"}}},
		{Send: "GET /broken", Check: &scenarios.Check{JSON: map[string]scenarios.JSON{"$.id": "5"}}},
	}}
	d := virtually(t, []*scenarios.Load{l}, 2*time.Second, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			w.WriteHeader(http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		if r.URL.Path == "/broken" {
			_, _ = io.WriteString(w, `{"id": 5}`)
			return
		}
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, `{"id": 5}`)
		_ = z.Close()
	}), nil)
	for _, q := range d.recorder.Phases()[0].Requests {
		if q.Request == "GET /packed" && q.OK != q.Sent || q.Request == "GET /broken" && q.Errors["body"] != q.Sent || q.Sent == 0 {
			t.Errorf("%s: %d sent, %d ok, failed as %v", q.Request, q.Sent, q.OK, q.Errors)
		}
	}
}
