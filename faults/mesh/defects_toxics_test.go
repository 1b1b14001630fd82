package mesh

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

func TestDefectNonsenseIsAcceptedOrKillsTheProcess(t *testing.T) {
	w := newWorld(t, echo)
	for _, c := range []struct {
		name  string
		toxic faults.Toxic
		field string
	}{
		{"unknown type", faults.Toxic{Type: "lag", Toxicity: 1}, "type"},
		{"unknown stream", faults.Toxic{Type: "latency", Stream: "sideways", Toxicity: 1}, "stream"},
		{"unknown attribute", faults.Toxic{Type: "latency", Toxicity: 1, Attributes: map[string]any{"latenzy": 1}}, "attributes.latenzy"},
		{"unknown shape", faults.Toxic{Type: "latency", Toxicity: 1, Attributes: map[string]any{"shape": "round"}}, "attributes.shape"},
		{"unknown per", faults.Toxic{Type: "latency", Toxicity: 1, Per: "byte"}, "per"},
		{"toxicity of 7", faults.Toxic{Type: "latency", Toxicity: 7}, "toxicity"},
		{"negative latency", faults.Toxic{Type: "latency", Toxicity: 1, Attributes: map[string]any{"latency": -1}}, "attributes.latency"},
		{"latency that overflows", faults.Toxic{Type: "latency", Toxicity: 1, Attributes: map[string]any{"latency": 1e300}}, "attributes.latency"},
		{"latency in words", faults.Toxic{Type: "latency", Toxicity: 1, Attributes: map[string]any{"latency": "long"}}, "attributes.latency"},
		{"negative rate", faults.Toxic{Type: "bandwidth", Toxicity: 1, Attributes: map[string]any{"rate": -1}}, "attributes.rate"},
		{"slicer without size", faults.Toxic{Type: "slicer", Toxicity: 1}, "attributes.average_size"},
		{"slicer that varies more than its size", faults.Toxic{Type: "slicer", Toxicity: 1, Attributes: map[string]any{"average_size": 1, "size_variation": 100}}, "attributes.size_variation"},
		{"half a byte", faults.Toxic{Type: "limit_data", Toxicity: 1, Attributes: map[string]any{"bytes": 0.5}}, "attributes.bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.mesh.AddToxic("a:b", c.toxic)
			var invalid *InvalidError
			if !errors.As(err, &invalid) || invalid.Field != c.field {
				t.Errorf("added with %v, want an InvalidError of %s", err, c.field)
			}
			err = w.mesh.Apply(t.Context(), "f", []faults.Primitive{
				{Op: faults.OpToxic, Edge: "a:b", Toxic: &faults.Toxic{Type: "latency", Toxicity: 1}},
				{Op: faults.OpToxic, Edge: "a:b", Toxic: &c.toxic},
			})
			if !errors.As(err, &invalid) || invalid.Field != c.field {
				t.Errorf("applied with %v, want an InvalidError of %s", err, c.field)
			}
		})
	}
	if p, err := w.mesh.Proxy("a:b"); err != nil || len(p.Toxics) > 0 {
		t.Errorf("left behind: %+v, %v", p.Toxics, err)
	}
	c := w.dial()
	w.pass(c, c, "alive")
}

// TestDefectStackedTimeoutAndSlowCloseLeaveADeadConnection: here a connection that lost bytes is closed
// when the timeout goes, whichever goes first, and one that lost none works on.
func TestDefectStackedTimeoutAndSlowCloseLeaveADeadConnection(t *testing.T) {
	for _, order := range [][]string{{"timeout", "slow_close"}, {"slow_close", "timeout"}} {
		for _, sends := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s first, bytes lost %t", order[0], sends), func(t *testing.T) {
				w := newWorld(t, nil)
				caller, callee := w.pair()
				w.pass(callee, caller, "open")
				w.apply("timeout", toxicOn("timeout", streamDown, map[string]any{"timeout": 0}))
				w.apply("slow_close", toxicOn("slow_close", streamDown, map[string]any{"delay": 50}))
				if sends {
					w.write(callee, "lost")
					w.silent(caller, watch)
				}
				w.lift(order[0])
				w.lift(order[1])
				if !sends {
					w.pass(callee, caller, "works on")
					return
				}
				if _, err := caller.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("read %v, want EOF", err)
				}
			})
		}
	}
}

func TestDefectResetPeerBreaksTrafficAtToxicityZero(t *testing.T) {
	w := newWorld(t, func(c *net.TCPConn) { _, _ = c.Write(make([]byte, 2<<20)) })
	p := toxicOn("reset_peer", streamDown, map[string]any{"timeout": 0})
	p.Toxic.Toxicity = 0
	w.apply("f", p)
	for range 50 {
		if n, err := io.Copy(io.Discard, w.dial()); n != 2<<20 || err != nil {
			t.Fatalf("read %d bytes, %v; want all", n, err)
		}
	}
	if r := w.lift("f"); r.Met() {
		t.Errorf("receipt %+v, want none", r)
	}
}

func TestDefectDiceRollAgainWhenAnotherToxicChanges(t *testing.T) {
	w := newWorld(t, echo)
	p := toxicOn("latency", streamDown, map[string]any{"latency": 30})
	p.Toxic.Toxicity = 0.5
	w.apply("f", p)
	hit := 0
	for range 20 {
		c := w.dial()
		slow := func() bool {
			start := time.Now()
			w.pass(c, c, "x")
			return time.Since(start) >= 30*time.Millisecond
		}
		first := slow()
		if first {
			hit++
		}
		for n := range 3 {
			w.apply(fmt.Sprintf("%d/%s", n, c.LocalAddr()), toxicOn("slow_close", streamDown, nil))
			if again := slow(); first && !again {
				t.Fatal("a connection that was hit is not any more")
			}
		}
	}
	if hit == 0 || hit == 20 {
		t.Errorf("%d of 20 connections were hit at toxicity 0.5", hit)
	}
}

func TestDefectEndOfFilePassesThroughATimeout(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	w.apply("f", toxicOn("timeout", streamDown, map[string]any{"timeout": 0}))
	callee.Close()
	w.silent(caller, watch)
	w.lift("f")
	if _, err := caller.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %v after it was lifted, want EOF", err)
	}
}

func TestDefectResetsBecomeEndsOfFile(t *testing.T) {
	for _, toxic := range []string{"", "slow_close"} {
		t.Run("under "+toxic, func(t *testing.T) {
			w := newWorld(t, nil)
			caller, callee := w.pair()
			w.pass(caller, callee, "open")
			if toxic != "" {
				w.apply("f", toxicOn(toxic, streamDown, map[string]any{"delay": 3600_000}))
			}
			setNoLinger(callee)
			callee.Close()
			if _, err := caller.Read(make([]byte, 1)); sight(err) != sawReset {
				t.Errorf("read %v, want a reset", err)
			}
		})
	}
}

// TestDefectEndsLeakThroughAPartition: silence is silence, for FIN and RST too.
func TestDefectEndsLeakThroughAPartition(t *testing.T) {
	for _, open := range []faults.OpenConnections{faults.OpenLose, faults.OpenKeep} {
		for _, how := range []string{sawEOF, sawReset} {
			t.Run(fmt.Sprintf("%s, %s", open, how), func(t *testing.T) {
				w := newWorld(t, nil)
				caller, callee := w.pair()
				w.pass(caller, callee, "open")
				w.apply("o", outageOf(faults.Outage{Open: open}))
				if how == sawReset {
					setNoLinger(callee)
				}
				callee.Close()
				w.silent(caller, watch)
				w.lift("o")
				if _, err := caller.Read(make([]byte, 1)); sight(err) != how {
					t.Errorf("read %v once it was lifted, want %s", err, how)
				}
			})
		}
	}
}

func TestDefectHalfOpenLetsTheOtherWayThrough(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	w.apply("o", outageOf(faults.Outage{Open: faults.OpenLose, Direction: faults.Up}))
	w.write(caller, "request")
	w.silent(callee, watch)
	w.pass(callee, caller, "pushed")
	r := w.lift("o")
	if r.Lost != int64(len("request")) || r.Connections != 1 || r.Requests != 1 || r.Reset != 1 {
		t.Errorf("receipt %+v", r)
	}
	if _, err := caller.Read(make([]byte, 1)); sight(err) != sawReset {
		t.Errorf("read %v, want a reset: it lost bytes", err)
	}
}

func TestDefectDeadUpstreamLooksAliveThenIsReset(t *testing.T) {
	w := newWorld(t, echo)
	w.callee.listener.Close()
	c, err := net.Dial("tcp", w.edge.Listen)
	if err == nil { // otherwise the reset was faster than connect's return
		defer c.Close()
		w.within(c)
		_, err = c.Read(make([]byte, 1))
	}
	if sight(err) != sawReset {
		t.Errorf("saw %v, want a reset", err)
	}
	w.eventually("it is counted", func() bool { return w.stats().Failed == 1 && w.stats().Open == 0 })
}

func TestDefectHeldMemoryStaysAfterClose(t *testing.T) {
	w := newWorld(t, flood)
	w.apply("f", toxicOn("latency", streamDown, map[string]any{"latency": 60_000}))
	w.dial().Close()
	e, err := w.mesh.edge("a:b")
	if err != nil {
		t.Fatal(err)
	}
	held := func() (bytes int) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for l := range e.links {
			l.down.mu.Lock()
			for _, s := range l.down.stages {
				bytes += s.stage.(*latency).queue.bytes
			}
			l.down.mu.Unlock()
		}
		return bytes
	}
	w.eventually("the latency holds what it may", func() bool { return held() >= pathBytes })
	if got := held(); got > pathBytes+2*bottleneckBytes {
		t.Errorf("holds %d bytes, want %d or so", got, pathBytes)
	}
	if err := w.mesh.RemoveProxy("a:b"); err != nil {
		t.Fatal(err)
	}
	w.eventually("nothing is held", func() bool { return held() == 0 })
}

func TestConnectsThatHangGetThroughWhenItIsLifted(t *testing.T) {
	w := newWorld(t, echo)
	w.apply("o", outageOf(faults.Outage{New: faults.NewHang}))
	pending := make(chan error, 1)
	go func() {
		c, err := net.DialTimeout("tcp", w.edge.Listen, worldPatience)
		if err == nil {
			c.Close()
		}
		pending <- err
	}()
	if _, err := net.DialTimeout("tcp", w.edge.Listen, watch); !os.IsTimeout(err) {
		t.Fatalf("dial: %v, want a timeout", err)
	}
	select {
	case err := <-pending:
		t.Fatalf("the pending dial returned: %v", err)
	default:
	}
	if r := w.lift("o"); r.Hung < 2 {
		t.Errorf("receipt %+v, want 2 attempts that hung", r)
	}
	start := time.Now()
	c := w.dial()
	w.pass(c, c, "new")
	w.quick("a new connection", start)
	if err := <-pending; err != nil {
		t.Errorf("the pending dial: %v", err)
	}
}
