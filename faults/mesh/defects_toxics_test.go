package mesh

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"

	"github.com/squallhq/squall/faults/mesh/port"
	"github.com/squallhq/squall/internal/meshtest"
)

func TestDefectNonsenseIsAcceptedOrKillsTheProcess(t *testing.T) {
	w := newWorld(t, echo)
	for _, c := range []struct {
		name  string
		toxic string // its JSON: as toxiproxy's clients and a mesh's own client send it
		field string
	}{
		{"unknown type", `{"type": "lag", "toxicity": 1}`, "type"},
		{"unknown stream", `{"type": "latency", "stream": "sideways", "toxicity": 1}`, "stream"},
		{"unknown attribute", `{"type": "latency", "toxicity": 1, "attributes": {"latenzy": 1}}`, "attributes.latenzy"},
		{"unknown shape", `{"type": "latency", "toxicity": 1, "attributes": {"shape": "round"}}`, "attributes.shape"},
		{"shape of no word", `{"type": "latency", "toxicity": 1, "attributes": {"shape": [1]}}`, "attributes.shape"},
		{"unknown per", `{"type": "latency", "toxicity": 1, "per": "byte"}`, "per"},
		{"toxicity of 7", `{"type": "latency", "toxicity": 7}`, "toxicity"},
		{"negative latency", `{"type": "latency", "toxicity": 1, "attributes": {"latency": -1}}`, "attributes.latency"},
		{"latency that overflows", `{"type": "latency", "toxicity": 1, "attributes": {"latency": 1e300}}`, "attributes.latency"},
		{"latency that overflows a float", `{"type": "latency", "toxicity": 1, "attributes": {"latency": 1e400}}`, "attributes.latency"},
		{"latency in words", `{"type": "latency", "toxicity": 1, "attributes": {"latency": "long"}}`, "attributes.latency"},
		{"negative rate", `{"type": "bandwidth", "toxicity": 1, "attributes": {"rate": -1}}`, "attributes.rate"},
		{"slicer without size", `{"type": "slicer", "toxicity": 1}`, "attributes.average_size"},
		{"slicer that varies more than its size", `{"type": "slicer", "toxicity": 1, "attributes": {"average_size": 1, "size_variation": 100}}`, "attributes.size_variation"},
		{"half a byte", `{"type": "limit_data", "toxicity": 1, "attributes": {"bytes": 0.5}}`, "attributes.bytes"},
		{"attributes in a list", `{"type": "limit_data", "toxicity": 1, "attributes": [1]}`, "attributes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var toxic faults.Toxic
			unread := json.Unmarshal([]byte(c.toxic), &toxic)
			err := unread
			if unread == nil {
				_, err = w.mesh.AddToxic("a:b", toxic)
			}
			var invalid *faults.InvalidError
			if !errors.As(err, &invalid) || invalid.Field != c.field {
				t.Errorf("added with %v, want an InvalidError of %s", err, c.field)
			}
			if unread != nil {
				return
			}
			err = w.mesh.Apply(t.Context(), "f", []faults.Primitive{
				{Op: faults.OpToxic, Edge: "a:b", Toxic: &faults.Toxic{Toxicity: 1, Attributes: faults.LatencyToxic{}}},
				{Op: faults.OpToxic, Edge: "a:b", Toxic: &toxic},
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
				w.apply("timeout", toxicOn(faults.Downstream, faults.TimeoutToxic{Timeout: 0}))
				w.apply("slow_close", toxicOn(faults.Downstream, faults.SlowCloseToxic{Delay: 50}))
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
	p := toxicOn(faults.Downstream, faults.ResetPeerToxic{Timeout: 0})
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
	p := toxicOn(faults.Downstream, faults.LatencyToxic{Latency: 30})
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
		first := true
		for range 3 { // once may be the machine's doing
			first = slow() && first
		}
		if first {
			hit++
		}
		for n := range 3 {
			w.apply(fmt.Sprintf("%d/%s", n, c.LocalAddr()), toxicOn(faults.Downstream, faults.SlowCloseToxic{}))
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
	w.apply("f", toxicOn(faults.Downstream, faults.TimeoutToxic{Timeout: 0}))
	callee.Close()
	w.silent(caller, watch)
	w.lift("f")
	if _, err := caller.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %v after it was lifted, want EOF", err)
	}
}

func TestDefectResetsBecomeEndsOfFile(t *testing.T) {
	for _, toxic := range []faults.Attributes{nil, faults.SlowCloseToxic{Delay: 3600_000}} {
		t.Run(fmt.Sprint("under ", toxic), func(t *testing.T) {
			w := newWorld(t, nil)
			caller, callee := w.pair()
			w.pass(caller, callee, "open")
			if toxic != nil {
				w.apply("f", toxicOn(faults.Downstream, toxic))
			}
			port.NoLinger(callee)
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
				w.apply("o", outageOf(faults.EdgeOutage{Open: open}))
				if how == sawReset {
					port.NoLinger(callee)
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
	w.apply("o", outageOf(faults.EdgeOutage{Open: faults.OpenLose, Direction: faults.Up}))
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

func TestConnectsThatHangGetThroughWhenItIsLifted(t *testing.T) {
	w := newWorld(t, echo)
	w.apply("o", outageOf(faults.EdgeOutage{New: faults.NewHang}))
	pending := make(chan error, 1)
	go func() {
		c, err := net.DialTimeout("tcp", w.edge.Listen, meshtest.Patience)
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
