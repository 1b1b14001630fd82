package load_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// seen is what a server saw, in its order.
type seen struct {
	mu   sync.Mutex
	what []string
}

func (s *seen) add(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.what = append(s.what, fmt.Sprintf(format, args...))
}

func people() []*scenarios.Data {
	return []*scenarios.Data{{Name: "people", Columns: []string{"name", "word"}, Rows: [][]string{{"Ada", `a"\b`}, {"Grace & co", "ü/ö"}}}}
}

// Every way of giving a body arrives as it was meant, with data escaped for where it stands.
func TestBodies(t *testing.T) {
	t.Parallel()
	var got seen
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch kind := r.Header.Get("Content-Type"); kind {
		case "application/json":
			var v map[string]string
			if err := json.Unmarshal(body, &v); err != nil {
				got.add("not JSON: %s: %v", body, err)
			}
			got.add("json %s %s", v["name"], v["word"])
		case "application/x-www-form-urlencoded":
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			_ = r.ParseForm()
			got.add("form %s %s %s", r.PostForm.Get("the name"), r.PostForm.Get("word"), r.PostForm.Get("n"))
		default:
			got.add("%s %s?%s %s [%s] %d", kind, r.URL.Path, r.URL.Query().Get("q"), r.Header.Get("X-Who"), body, r.ContentLength)
		}
	})
	l := &scenarios.Load{Name: "users", To: "web", Rate: 5, Data: people(), Session: &scenarios.Session{Steps: []scenarios.Request{
		{Send: "POST /json", JSON: `{"name":"{people.name}","word":"{people.word}"}`},
		{Send: "POST /form", Form: map[string]string{"the name": "{people.name}", "word": "{people.word}", "n": "{n}"}},
		{Send: "GET /p/{people.word}?q={people.name}", Headers: map[string]string{"X-Who": "<{people.name}>"}},
		{Send: "PUT /file", File: &scenarios.Attached{Bytes: []byte("{n}\x00\xff")}, Headers: map[string]string{"Content-Type": "text/x"}},
	}}}
	l.Requests = l.Session.Steps
	d := virtually(t, []*scenarios.Load{l}, 400*time.Millisecond, handler, nil)
	want := []string{
		`json Ada a"\b`, `form Ada a"\b 1`, ` /p/a"\b?Ada <Ada> [] 0`, "text/x /file?  [{n}\x00\xff] 5",
		"json Grace & co ü/ö", "form Grace & co ü/ö 2", " /p/ü/ö?Grace & co <Grace & co> [] 0", "text/x /file?  [{n}\x00\xff] 5",
	}
	if !slices.Equal(got.what, want) {
		t.Errorf("the server saw\n%q, want\n%q", got.what, want)
	}
	if q := d.recorder.Phases()[0].Requests; len(q) != 4 || q[0].OK != 2 {
		t.Errorf("recorded %+v", q)
	}
}

// login is a server that lets in who brings the token and the cookie that it gave for a number.
func login(got *seen, takes time.Duration) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login/{n}", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(takes)
		n := r.PathValue("n")
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "c" + n, Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "elsewhere", Value: "x", Path: "/admin"})
		if n == "3" {
			_, _ = io.WriteString(w, `{"error": "locked"}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"session": {"token": "t%s"}}`, n)
	})
	mux.HandleFunc("GET /me/{n}", func(w http.ResponseWriter, r *http.Request) {
		n := r.PathValue("n")
		got.add("%s %s %s", n, r.Header.Get("Authorization"), r.Header.Get("Cookie"))
		if r.Header.Get("Authorization") != "Bearer t"+n || r.Header.Get("Cookie") != "sid=c"+n {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintf(w, `{"n": %s, "next": "/last/%s"}`, n, n)
	})
	mux.HandleFunc("GET /last/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.PathValue("n"))
		w.WriteHeader(200 + n%2) // 201 for odd ones
	})
	return mux
}

func loggingIn() *scenarios.Load {
	l := &scenarios.Load{Name: "users", To: "web", Rate: 10, Think: &scenarios.Work{Mean: 50 * time.Millisecond}, Session: &scenarios.Session{Steps: []scenarios.Request{
		{Send: "POST /login/{n}", Extract: map[string]scenarios.Extract{"token": {JSON: "$.session.token"}}},
		{Send: "GET /me/{n}", Headers: map[string]string{"Authorization": "Bearer {token}"}, Extract: map[string]scenarios.Extract{"next": {Regexp: `/last/(\d+)`}}},
		{Send: "GET /last/{next}", Check: &scenarios.Check{Status: []int{200}}},
	}}}
	l.Requests = l.Session.Steps
	return l
}

// A visit carries its own token and cookie on, one that fails ends there, and each failure has the class of what was wrong.
// The figures are exact: 10 visits, the third of which can't log in; every other one of the rest gets a 201; the last one's last step would come after the end.
func TestVisitsCarryOn(t *testing.T) {
	t.Parallel()
	var got seen
	d := virtually(t, []*scenarios.Load{loggingIn()}, time.Second, login(&got, 0), nil)
	for _, line := range got.what {
		n, _, _ := strings.Cut(line, " ")
		if line != n+" Bearer t"+n+" sid=c"+n {
			t.Errorf("a visitor sent %q", line)
		}
	}
	phase := d.recorder.Phases()[0].Requests
	want := map[string][3]int64{"POST /login/{n}": {10, 9, 1}, "GET /me/{n}": {9, 9, 0}, "GET /last/{next}": {8, 4, 4}}
	classes := map[string]string{"POST /login/{n}": "check: extract token", "GET /last/{next}": "check: status 201"}
	for _, q := range phase {
		if w := want[q.Request]; q.Sent != w[0] || q.OK != w[1] || q.Failed != w[2] {
			t.Errorf("%s: sent %d, ok %d, failed %d; want %v", q.Request, q.Sent, q.OK, q.Failed, w)
		}
		if class := classes[q.Request]; class != "" && q.Errors[class] != q.Failed {
			t.Errorf("%s failed as %v, want %s", q.Request, q.Errors, class)
		}
	}
	if len(phase) != 3 {
		t.Errorf("%d requests were recorded", len(phase))
	}
}

// Latency of every step counts from when it was intended: of the first from its arrival, of a further one from when the think
// time after the last answer ended. A login that takes 300 ms shows in the login alone, and makes nobody late.
func TestVisitsAreTimedHonestly(t *testing.T) {
	t.Parallel()
	var got seen
	d := virtually(t, []*scenarios.Load{loggingIn()}, time.Second, login(&got, 300*time.Millisecond), nil)
	ends := map[uint64]time.Duration{}
	for _, s := range d.samples {
		want := time.Duration(0)
		if s.Request == "POST /login/{n}" {
			want = 300 * time.Millisecond
			if at := s.Intended % (100 * time.Millisecond); at > time.Microsecond {
				t.Errorf("a visit began %v after its arrival", at)
			}
		}
		if l := s.Latency(); l < want || l > want+time.Millisecond || s.Lag() > 0 {
			t.Errorf("%s took %v and was sent %v late, want %v", s.Request, l, s.Lag(), want)
		}
		ends[s.Seq] = s.Done
	}
	if len(ends) != len(d.samples) {
		t.Error("two requests have one number")
	}
}

// go_on lets a visit go on past a failure; without the value that it did not find it ends all the same.
func TestGoOn(t *testing.T) {
	t.Parallel()
	l := loggingIn()
	l.Session.Steps = []scenarios.Request{
		{Send: "GET /gone", GoOn: true},
		{Send: "GET /fine", GoOn: true, Extract: map[string]scenarios.Extract{"x": {Header: "X-Missing"}}},
		{Send: "GET /after/{x}"},
	}
	l.Requests = l.Session.Steps
	d := virtually(t, []*scenarios.Load{l}, time.Second, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			w.WriteHeader(404)
		}
	}), nil)
	sent := map[string]int64{}
	for _, q := range d.recorder.Phases()[0].Requests {
		sent[q.Request] = q.Sent
	}
	if sent["GET /gone"] != 10 || sent["GET /fine"] != 10 || sent["GET /after/{x}"] != 0 {
		t.Errorf("sent %v", sent)
	}
}

// Users of a closed load make one visit after the other, each the length of its steps.
func TestUsersVisit(t *testing.T) {
	t.Parallel()
	var got seen
	l := loggingIn()
	l.Rate, l.Users, l.Think = 0, 3, &scenarios.Work{Mean: 100 * time.Millisecond}
	d := virtually(t, []*scenarios.Load{l}, 3*time.Second, login(&got, 0), nil)
	for _, q := range d.recorder.Phases()[0].Requests {
		if q.Sent < 25 || q.Sent > 31 { // 3 users, 300 ms a visit, 3 s
			t.Errorf("%s was sent %d times", q.Request, q.Sent)
		}
	}
}

// An answer's check fails by its own class, and a status that is expected is none.
func TestChecksFailRequests(t *testing.T) {
	t.Parallel()
	l := &scenarios.Load{Name: "users", To: "web", Rate: 10, Requests: []scenarios.Request{
		{Send: "GET /a", Check: &scenarios.Check{JSON: map[string]scenarios.JSON{"$.ok": "true"}}},
		{Send: "GET /b", Check: &scenarios.Check{Status: []int{404}}},
		{Send: "GET /c", Check: &scenarios.Check{Status: []int{200, 404}}},
	}}
	d := virtually(t, []*scenarios.Load{l}, 10*time.Second, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/b":
			w.WriteHeader(404)
		case "/c":
			w.WriteHeader(503)
		}
		_, _ = io.WriteString(w, `{"ok": false}`)
	}), nil)
	for _, q := range d.recorder.Phases()[0].Requests {
		want := map[string]string{"GET /a": record.ErrCheck + "json $.ok", "GET /c": "503"}[q.Request]
		if want == "" && q.OK != q.Sent || want != "" && q.Errors[want] != q.Sent || q.Sent == 0 {
			t.Errorf("%s: %d sent, %d ok, failed as %v", q.Request, q.Sent, q.OK, q.Errors)
		}
	}
}
