package node_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Point G10: ten clients that never finish their headers hold all ten connections for as long as they may take for them, and
// whoever comes waits for that; then they are cut off.
func TestSlowClients(t *testing.T) {
	for patience, want := range map[time.Duration]time.Duration{0: 10 * time.Second, time.Second: time.Second} {
		t.Run(patience.String(), func(t *testing.T) {
			inWorld(t, func(w *world) {
				n := service("s", "GET /")
				n.Connections, n.HeaderTimeout = 10, patience
				w.start(n)
				var slow []io.Reader
				for range 10 {
					c, err := w.network.DialContext(w.t.Context(), "tcp", "s:80")
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					c.Write([]byte("GET / HTTP/1.1\r\nHost: s\r\nX-")) //nolint:errcheck // it is read back below
					slow = append(slow, c)
				}
				w.counters("s", map[string]float64{"squall_connections": 10})
				if got := w.ask("GET", "s:80/"); got.status != 200 || got.took != want {
					t.Errorf("got %s, want 200 after %s", got, want)
				}
				for _, c := range slow {
					if got, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
						t.Errorf("read %q, %v from a client's end: half a head has an answer, and is the end", got, err)
					}
				}
				w.counters("s", map[string]float64{"squall_connections": 1, "squall_requests_total": 11}) // what had an answer came
			})
		})
	}
}

// A bound does not keep a node from ending while somebody waits behind it.
func TestDoorsEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		n := service("s", "GET /", scenarios.Step{Work: &scenarios.Work{Mean: time.Second}})
		n.Connections = 1
		stop := w.run(n)
		done := make(chan answer)
		go func() {
			got, _ := w.try(w.t.Context(), "GET", "s:80/")
			done <- got
		}()
		time.Sleep(100 * ms)
		stop()
		if got := <-done; got.status != 200 {
			t.Errorf("got %s, want what was begun to be answered", got)
		}
	})
}

// Point C12: a callee has no more connections than the pool of its caller, whatever the number of clients. 60 requests at
// once of 50 ms each over 20 connections take three rounds.
func TestPool(t *testing.T) {
	for pool, want := range map[int]struct {
		connections float64
		last        time.Duration
	}{0: {60, 50 * ms}, 20: {20, 150 * ms}} {
		t.Run(fmt.Sprint(pool), func(t *testing.T) {
			inWorld(t, func(w *world) {
				back := service("back", "GET /", work(50*ms))
				back.Connections = 1000 // they are counted where they are bounded
				w.start(back)
				api := gatewayNode(scenarios.Route{Match: "/*", To: "back"})
				api.UpstreamPool = pool
				w.start(api, "back")
				var all sync.WaitGroup
				var last atomic.Int64
				for range 60 {
					all.Go(func() {
						got := w.ask("GET", "api:80/")
						if got.status != 200 {
							t.Errorf("got %s", got)
						}
						if was := last.Load(); int64(got.took) > was {
							last.Store(int64(got.took))
						}
					})
				}
				all.Wait()
				if got := time.Duration(last.Load()); got != want.last {
					t.Errorf("the last took %s, want %s", got, want.last)
				}
				w.counters("back", map[string]float64{"squall_connections": want.connections})
			})
		})
	}
}
