package mesh

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/meshtest"
)

// fresh is what comes of a new connection: connect itself may see a reset that comes at once.
func (w *world) fresh(within time.Duration) (net.Conn, string) {
	w.Helper()
	c, err := net.DialTimeout("tcp", w.edge.Listen, meshtest.Patience)
	if err != nil {
		return nil, sight(err)
	}
	w.Cleanup(func() { c.Close() })
	return c, w.answers(c, within)
}

// answers tells whether a connection answers what is sent over it.
func (w *world) answers(c net.Conn, within time.Duration) string {
	w.Helper()
	if err := c.SetDeadline(time.Now().Add(within)); err != nil {
		w.Fatal(err)
	}
	_, err := io.WriteString(c, "x")
	if err == nil {
		_, err = io.ReadFull(c, make([]byte, 1))
	}
	return sight(err)
}

func (w *world) limit(fate faults.NewConnections, most int) {
	w.Helper()
	meshtest.Check(w, w.mesh.Apply(w.Context(), "limit", []faults.Primitive{{Op: faults.OpOutage, Edge: w.edge.Name, Outage: &faults.EdgeOutage{New: fate, Most: most}}}))
}

// An edge at its limit turns the next connection away, and takes one again once another has ended; those that were open before count.
func TestConnectionsOverALimit(t *testing.T) {
	for fate, want := range map[faults.NewConnections]string{faults.NewReset: sawReset, faults.NewClose: sawEOF, faults.NewFreeze: sawNothing} {
		t.Run(string(fate), func(t *testing.T) {
			w := newWorld(t, echo)
			before := w.dial()
			if got := w.answers(before, meshtest.Patience); got != sawAnswer {
				t.Fatalf("before: %s", got)
			}
			w.limit(fate, 2)
			second := w.dial()
			if got := w.answers(second, meshtest.Patience); got != sawAnswer {
				t.Errorf("the second connection of two: %s", got)
			}
			within := meshtest.Patience
			if want == sawNothing {
				within = watch
			}
			third, got := w.fresh(within)
			if got != want {
				t.Errorf("the third of two: %s, want %s", got, want)
			}
			if got := w.answers(before, meshtest.Patience); got != sawAnswer {
				t.Errorf("the first, meanwhile: %s", got)
			}
			before.Close()
			if want == sawNothing { // what it had sent is answered
				w.within(third)
				if _, err := io.ReadFull(third, make([]byte, 1)); err != nil {
					t.Errorf("the third, once the first has ended: %v", err)
				}
			} else {
				w.eventually("there is room again", func() bool { _, got := w.fresh(meshtest.Patience); return got == sawAnswer })
			}
			receipt, err := w.mesh.Lift(t.Context(), "limit")
			meshtest.Check(t, err)
			turned := map[faults.NewConnections]int64{faults.NewReset: receipt.Reset, faults.NewClose: receipt.Closed, faults.NewFreeze: receipt.Delays}[fate]
			if turned < 1 || turned != receipt.Connections {
				t.Errorf("turned %d away of %d that met it: %+v", turned, receipt.Connections, receipt)
			}
			if share, counted := receipt.Coverage(); fate == faults.NewFreeze && (!counted || share < 0.3 || share > 0.35) {
				t.Errorf("it met %g of the connections (%v), want one of three", share, counted)
			}
			if got := w.answers(w.dial(), meshtest.Patience); got != sawAnswer {
				t.Errorf("lifted: %s", got)
			}
		})
	}
}

// A limit that nothing reaches has met nothing; those that wait go on when it is lifted.
func TestALimitIsLifted(t *testing.T) {
	w := newWorld(t, echo)
	w.limit(faults.NewFreeze, 1)
	if got := w.answers(w.dial(), meshtest.Patience); got != sawAnswer {
		t.Fatalf("within the limit: %s", got)
	}
	var waiting []net.Conn
	for range 3 {
		c := w.dial()
		_, err := io.WriteString(c, "x")
		meshtest.Check(t, err)
		waiting = append(waiting, c)
	}
	w.eventually("all are there", func() bool {
		stats, err := w.mesh.Stats(t.Context())
		return err == nil && stats[0].Open == 4
	})
	_, err := w.mesh.Lift(t.Context(), "limit")
	meshtest.Check(t, err)
	for n, c := range waiting {
		w.within(c)
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Errorf("connection %d that waited: %v", n, err)
		}
	}
	w.limit(faults.NewReset, 100)
	if got := w.answers(w.dial(), meshtest.Patience); got != sawAnswer {
		t.Errorf("within the limit: %s", got)
	}
	receipt, err := w.mesh.Lift(t.Context(), "limit")
	meshtest.Check(t, err)
	if receipt.Met() {
		t.Errorf("nothing was over the limit, and it tells of %+v", receipt)
	}
}
