package node_test

import (
	"io"
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
					if _, err := io.ReadAll(c); err != nil {
						t.Errorf("read from a client's end: %v, want it closed", err)
					}
				}
				w.counters("s", map[string]float64{"squall_connections": 1, "squall_requests_total": 1})
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
