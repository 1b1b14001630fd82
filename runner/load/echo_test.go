package load_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// echoes sends every message back, but for some: it changes one, closes on one, and is silent on one.
func echoes(opened *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/closed" {
			http.Error(w, "not here", http.StatusForbidden)
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		opened.Add(1)
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil {
				return
			}
			switch string(message) {
			case "leave":
				_ = c.Close(websocket.StatusGoingAway, "bye")
				return
			case "cut":
				return
			case "silence":
				continue
			case "change":
				message = []byte("changed")
			}
			if c.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	})
}

func spoken(path, message string, c *scenarios.Check) scenarios.Request {
	r := scenarios.Request{Spoken: scenarios.Spoken{WebSocket: path}, Body: message, Check: c}
	r.Send = r.Name() + " " + message
	return r
}

// Messages of WebSocket come back over connections that stay open, over TLS and without, and feel an edge's latency once each; making a
// connection is a request of its own, which feels it once, too.
func TestEchoes(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	for _, secure := range []bool{false, true} {
		var opened atomic.Int64
		l := open(40)
		l.Requests = []scenarios.Request{spoken("/echo", "hello {n}", nil)}
		s := httptest.NewServer(echoes(&opened))
		if secure {
			s.Close()
			s = securely(t, a, false, echoes(&opened))
			l.TLS = &scenarios.TLS{CA: file(a.pem)}
		}
		t.Cleanup(s.Close)
		for _, delay := range []time.Duration{0, 150 * time.Millisecond} {
			before := opened.Load()
			samples, g := through(t, l, s.Listener.Addr().String(), delay)
			var took, made []time.Duration
			connects := 0
			turns := time.Duration(1) // of making a connection
			if secure {
				turns = 2
			}
			for _, s := range samples {
				if s.Outcome != record.OK {
					t.Fatalf("%+v", s)
				}
				if s.Request == "connect /echo" {
					connects++
					made = append(made, s.Done-s.Sent)
					continue
				}
				took = append(took, s.Latency())
			}
			slices.Sort(took)
			if int64(connects) != opened.Load()-before || connects == 0 || len(took) != 40 || g.Intended != int64(40+connects) {
				t.Errorf("%d connections of %d, %d messages, %d intended", connects, opened.Load()-before, len(took), g.Intended)
			}
			if least := slices.Min(made); least < turns*delay || least > turns*delay+100*time.Millisecond { // the rest is this machine's
				t.Errorf("with %v on the edge a connection takes %v", delay, least)
			}
			// The first wait for their connections; those that find one idle take one turn.
			if least, most := took[0], took[len(took)-1]; least < delay || least > delay+100*time.Millisecond || most < (turns+1)*delay {
				t.Errorf("with %v on the edge messages take %v to %v", delay, least, most)
			}
		}
	}
}

// What does not come back as it was sent fails for what it is: another message, a silence, a connection that is closed with a code, or cut,
// and one that is refused.
func TestEchoesThatFail(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	s := httptest.NewServer(echoes(&opened))
	t.Cleanup(s.Close)
	changed := &scenarios.Check{Body: &scenarios.BodyCheck{Contains: "changed"}}
	for _, c := range []struct {
		path, message string
		check         *scenarios.Check
		classes       []string
	}{
		{"/echo", "change", nil, []string{"check: echo"}},
		{"/echo", "change", changed, []string{""}},
		{"/echo", "silence", nil, []string{record.ErrTimeout}},
		{"/echo", "leave", nil, []string{"websocket 1001"}},
		{"/echo", "cut", nil, []string{record.ErrEOF, record.ErrReset}},
		{"/closed", "hello", nil, []string{"403"}},
	} {
		l := open(20)
		l.Timeout = 5 * time.Second
		if c.message == "silence" {
			l.Timeout = 300 * time.Millisecond
		}
		l.Requests = []scenarios.Request{spoken(c.path, c.message, c.check)}
		samples, _ := through(t, l, s.Listener.Addr().String(), 0)
		messages := 0
		for _, s := range samples {
			connects := s.Request == "connect "+c.path
			if !connects {
				messages++
			}
			switch {
			case connects && c.path == "/closed" && s.Error != "403", connects && c.path != "/closed" && s.Outcome != record.OK:
				t.Errorf("%s %q: %+v", c.path, c.message, s)
			case !connects && !slices.Contains(c.classes, s.Error):
				t.Errorf("%s %q: %+v, want %q", c.path, c.message, s, c.classes)
			}
		}
		if messages != 20 {
			t.Errorf("%s %q: %d messages", c.path, c.message, messages)
		}
	}
}
