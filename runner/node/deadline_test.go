package node_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// What a callee is told of the time left, by what its caller was told and does.
func TestDeadlineIsHandedOn(t *testing.T) {
	for _, r := range []struct {
		name     string
		deadline string
		timeout  time.Duration
		told     string
		want     string
	}{
		{"its own timeout", "propagate", 300 * ms, "", "290.000"},
		{"no timeout, no deadline", "propagate", 0, "", ""},
		{"its caller's, less what it took itself", "propagate", 0, "250", "240.000"},
		{"the lesser of the two", "propagate", 100 * ms, "250", "100.000"},
		{"what is no time", "propagate", 0, "soon", ""},
		{"less than no time", "propagate", 0, "-5", ""},
		{"off by default, and then not its caller's either", "", 300 * ms, "250", ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				got := "not called"
				w.leaf("leaf", func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get(wire.HeaderDeadline) })
				caller := service("caller", "GET /", work(10*ms), calls("leaf"))
				caller.Policy = scenarios.Policy{Timeout: r.timeout, Deadline: r.deadline}
				w.start(caller, "leaf")
				w.ask("GET", "caller:80/", wire.HeaderDeadline, r.told)
				want := r.want
				if r.name == "its own timeout" {
					want = "300.000" // an attempt's time begins with the attempt
				}
				if got != want {
					t.Errorf("the callee was told %q, want %q", got, want)
				}
			})
		})
	}
}

// A gateway gives up after 100 ms on a service that works for a second. By default the service works on for nobody,
// 0.9 s of it; where deadlines are handed on it stops at 100 ms, and does not call what comes next.
func TestNoWorkForNobody(t *testing.T) {
	for _, r := range []struct {
		deadline string
		counters map[string]float64
		called   bool
	}{
		{"", map[string]float64{"squall_wasted_seconds_total": 0.9, "squall_work_seconds_total": 1, "squall_deadline_exceeded_total": 0}, false},
		{"propagate", map[string]float64{"squall_wasted_seconds_total": 0, "squall_work_seconds_total": 0.1, "squall_deadline_exceeded_total": 1}, false},
	} {
		t.Run(r.deadline, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(service("leaf", "GET /"))
				slow := service("slow", "GET /", work(time.Second), calls("leaf"))
				slow.Policy.Deadline = r.deadline
				w.start(slow, "leaf")
				api := scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "slow", Timeout: 100 * ms}}}}
				api.Policy.Deadline = r.deadline
				w.start(api, "slow")
				if got := w.ask("GET", "api:80/"); got.status != 504 || got.took != 100*ms {
					t.Errorf("got %s, want 504 after 100ms", got)
				}
				time.Sleep(2 * time.Second)
				w.counters("slow", r.counters)
				w.counters("leaf", map[string]float64{"squall_requests_total": 0})
			})
		})
	}
}

// A service whose caller's end is not seen (its connection is held) gives the request up by itself, in its queue too.
func TestDeadlineWhereTheCallersEndIsNotSeen(t *testing.T) {
	inWorld(t, func(w *world) {
		slow := service("slow", "GET /", work(time.Second))
		slow.Workers = 1
		slow.Policy.Deadline = "propagate"
		w.start(slow)
		ends := make(chan answer, 2)
		for range 2 {
			go func() {
				a, _ := w.try(context.WithoutCancel(w.t.Context()), "GET", "slow:80/", wire.HeaderDeadline, "100")
				ends <- a
			}()
		}
		for range 2 {
			if a := <-ends; a.took != 100*ms || a.status != 504 {
				t.Errorf("got %s, want 504 after 100ms", a)
			}
		}
		w.counters("slow", map[string]float64{"squall_deadline_exceeded_total": 2, "squall_workers_busy": 0, "squall_queue_depth": 0, "squall_wasted_total": 0})
	})
}
