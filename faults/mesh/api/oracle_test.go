package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	toxiclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/rs/zerolog"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/meshtest"
)

// side is one of the two that get the same toxics over the same HTTP API and the same traffic.
type side struct {
	name  string
	proxy *toxiclient.Proxy
}

// situation is one toxic, or several, and what a client measures of it.
type situation struct {
	name     string
	toxics   []toxiclient.Toxic
	upstream func(*net.TCPConn)
	// measure returns a figure in unit.
	measure func(*testing.T, *side) float64
	unit    string
	// low and high bound our figure: low is what was asked for, high leaves room for a busy machine.
	low, high float64
	// near is how far our figure may be from toxiproxy's; it counts where unsound is empty.
	near float64
	// unsound says what toxiproxy does wrong here, and what we do instead. theirs bounds its figure, so
	// that a version that does right fails the test and the row moves.
	unsound string
	theirs  [2]float64
}

func one(kind, stream string, attributes toxiclient.Attributes) []toxiclient.Toxic {
	return []toxiclient.Toxic{{Name: "t", Type: kind, Stream: stream, Toxicity: 1, Attributes: attributes}}
}

func echoing(c *net.TCPConn) { _, _ = io.Copy(c, c) }

// sending answers the first byte with n bytes and the end.
func sending(n int) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if _, err := c.Read(make([]byte, 1)); err == nil {
			_, _ = c.Write(make([]byte, n))
		}
	}
}

// replying answers only when the caller has ended its way.
func replying(c *net.TCPConn) {
	data, _ := io.ReadAll(c)
	_, _ = c.Write(data)
}

// acknowledging answers n bytes with one.
func acknowledging(n int) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if _, err := io.ReadFull(c, make([]byte, n)); err == nil {
			_, _ = c.Write([]byte("x"))
		}
	}
}

// answeringHTTP answers every request of a connection.
func answeringHTTP(c *net.TCPConn) {
	requests := bufio.NewReader(c)
	for {
		if _, err := http.ReadRequest(requests); err != nil {
			return
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}

// situations: first what is sound in toxiproxy, with the figures side by side; then what isn't.
func situations() []situation {
	const kb = 1000
	arrived := make(chan float64, 1)
	return []situation{
		{name: "no toxic", upstream: echoing, measure: medianRoundTrip, unit: "ms", high: 20, near: 10},
		{name: "latency down", toxics: one("latency", "downstream", toxiclient.Attributes{"latency": 40}),
			upstream: echoing, measure: medianRoundTrip, unit: "ms", low: 40, high: 60, near: 8},
		{name: "latency up", toxics: one("latency", "upstream", toxiclient.Attributes{"latency": 40}),
			upstream: echoing, measure: medianRoundTrip, unit: "ms", low: 40, high: 60, near: 8},
		{name: "two latencies add", toxics: append(one("latency", "upstream", toxiclient.Attributes{"latency": 20}), toxiclient.Toxic{Name: "u", Type: "latency", Stream: "upstream", Toxicity: 1, Attributes: toxiclient.Attributes{"latency": 30}}),
			upstream: echoing, measure: medianRoundTrip, unit: "ms", low: 50, high: 75, near: 10},
		{name: "latency both ways", toxics: append(one("latency", "upstream", toxiclient.Attributes{"latency": 20}), toxiclient.Toxic{Name: "u", Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: toxiclient.Attributes{"latency": 30}}),
			upstream: echoing, measure: medianRoundTrip, unit: "ms", low: 50, high: 75, near: 10},
		{name: "latency of HTTP answers over a kept connection", toxics: one("latency", "downstream", toxiclient.Attributes{"latency": 40}),
			upstream: answeringHTTP, measure: medianGet, unit: "ms", low: 40, high: 60, near: 8},
		{name: "jitter, least", toxics: one("latency", "downstream", toxiclient.Attributes{"latency": 20, "jitter": 15}),
			upstream: echoing, measure: roundTrips(60, slices.Min[[]float64]), unit: "ms", low: 5, high: 12, near: 8},
		{name: "jitter, middle", toxics: one("latency", "downstream", toxiclient.Attributes{"latency": 20, "jitter": 15}),
			upstream: echoing, measure: roundTrips(60, mean), unit: "ms", low: 15, high: 35, near: 9},
		{name: "latency delays a stream once, not each piece", toxics: one("latency", "downstream", toxiclient.Attributes{"latency": 60}),
			upstream: sending(1000 * kb), measure: receiveTime, unit: "ms", low: 60, high: 200, near: 60},
		{name: "latency taken off delivers what is held", toxics: one("latency", "downstream", toxiclient.Attributes{"latency": 60000}),
			upstream: echoing, measure: afterRemoval(roundTrip), unit: "ms", high: 1000, near: 1000},
		{name: "bandwidth", toxics: one("bandwidth", "downstream", toxiclient.Attributes{"rate": 1000}),
			upstream: sending(600 * kb), measure: receiveTime, unit: "ms", low: 560, high: 800, near: 100},
		{name: "bandwidth up", toxics: one("bandwidth", "upstream", toxiclient.Attributes{"rate": 1000}),
			upstream: acknowledging(600 * kb), measure: sendTime(600 * kb), unit: "ms", low: 560, high: 800, near: 100},
		{name: "bandwidth, slow", toxics: one("bandwidth", "downstream", toxiclient.Attributes{"rate": 10}),
			upstream: sending(4 * kb), measure: receiveTime, unit: "ms", low: 350, high: 600, near: 100},
		{name: "slicer, time", toxics: one("slicer", "downstream", toxiclient.Attributes{"average_size": 100, "size_variation": 0, "delay": 5000}),
			upstream: sending(3200), measure: receiveTime, unit: "ms", low: 155, high: 350, near: 80},
		{name: "slicer, pieces", toxics: one("slicer", "downstream", toxiclient.Attributes{"average_size": 100, "size_variation": 0, "delay": 5000}),
			upstream: sending(3200), measure: pieces, unit: "reads", low: 24, high: 33, near: 6},
		{name: "slow_close", toxics: one("slow_close", "downstream", toxiclient.Attributes{"delay": 80}),
			upstream: sending(100), measure: closeTime, unit: "ms", low: 80, high: 160, near: 30},
		{name: "limit_data", toxics: one("limit_data", "downstream", toxiclient.Attributes{"bytes": 5001}),
			upstream: sending(100 * kb), measure: receivedBytes, unit: "bytes", low: 5001, high: 5001},
		{name: "limit_data up", toxics: one("limit_data", "upstream", toxiclient.Attributes{"bytes": 3}),
			upstream: counting(arrived), measure: sentThrough(arrived), unit: "bytes", low: 3, high: 3},
		{name: "timeout closes a quiet connection", toxics: one("timeout", "downstream", toxiclient.Attributes{"timeout": 80}),
			upstream: echoing, measure: silence(0), unit: "ms", low: 80, high: 200, near: 60},
		{name: "timeout 0 stays silent", toxics: one("timeout", "downstream", toxiclient.Attributes{"timeout": 0}),
			upstream: echoing, measure: silentFor(150 * time.Millisecond), unit: "ms", low: 150, high: 150},
		{name: "timeout taken off ends connections that lost bytes", toxics: one("timeout", "downstream", toxiclient.Attributes{"timeout": 0}),
			upstream: echoing, measure: afterRemoval(untilEnd), unit: "ms", high: 1000, near: 1000},
		{name: "reset_peer resets a connection that was made under it", toxics: one("reset_peer", "downstream", toxiclient.Attributes{"timeout": 0}),
			upstream: echoing, measure: resetsOf(10), unit: "of 10", low: 10, high: 10},
		{name: "toxicity 0.5 hits half of the connections", toxics: []toxiclient.Toxic{{Name: "t", Type: "limit_data", Stream: "downstream", Toxicity: 0.5, Attributes: toxiclient.Attributes{"bytes": 1}}},
			// 200 draws: 5 standard deviations are 35.
			upstream: sending(10), measure: cutShort(200), unit: "of 200", low: 65, high: 135, near: 70},
		{name: "disabled refuses new connections", upstream: echoing, measure: refusedWhenDown, unit: "of 5", low: 5, high: 5},
		{name: "disabled ends open connections", upstream: echoing, measure: endsWhenDown, unit: "ms", high: 1000, near: 1000},

		{name: "half-close", upstream: replying, measure: halfClosed, unit: "bytes", low: 4, high: 4,
			unsound: "an end of stream closes the whole connection, so the answer is lost; ours passes it on", theirs: [2]float64{0, 0}},
		{name: "timeout of a connection that is written to", toxics: one("timeout", "upstream", toxiclient.Attributes{"timeout": 150}),
			upstream: echoing, measure: silence(20 * time.Millisecond), unit: "ms", low: 150, high: 300,
			unsound: "its time starts again at each byte; ours counts from the first", theirs: [2]float64{400, 1e6}},
		{name: "reset_peer with toxicity 0", toxics: []toxiclient.Toxic{{Name: "t", Type: "reset_peer", Stream: "downstream", Toxicity: 0, Attributes: toxiclient.Attributes{"timeout": 0}}},
			upstream: sending(2000 * kb), measure: truncated(10), unit: "of 10", low: 0, high: 0,
			unsound: "every connection's end becomes a reset, whatever the toxicity; ours leaves those alone that it doesn't hit", theirs: [2]float64{1, 10}},
		{name: "reset_peer of an idle connection", toxics: one("reset_peer", "downstream", toxiclient.Attributes{"timeout": 60}),
			upstream: echoing, measure: idleUntilReset(300 * time.Millisecond), unit: "ms", low: 60, high: 250,
			unsound: "its time counts from the first byte, so a connection without one is left alone; ours counts from when the connection or the toxic came, and lets pass what comes before", theirs: [2]float64{300, 300}},
		{name: "reset_peer on an open connection", upstream: echoing, measure: resetWhenOpen, unit: "of 1", low: 1, high: 1,
			unsound: "a connection that was open before ends with FIN; ours with RST", theirs: [2]float64{0, 0}},
		{name: "silence holds the callee's end back", toxics: one("timeout", "downstream", toxiclient.Attributes{"timeout": 0}),
			upstream: sending(10), measure: silentFor(150 * time.Millisecond), unit: "ms", low: 150, high: 150,
			unsound: "the callee's end of stream passes through a black hole at once; ours holds it back", theirs: [2]float64{0, 149}},
	}
}

func TestToxicsDoWhatToxiproxysDo(t *testing.T) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // its bandwidth toxic logs through the global logger
	oracle := httptest.NewServer(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()).Routes())
	t.Cleanup(oracle.Close)
	m := mesh.New(mesh.Options{Seed: 7})
	t.Cleanup(func() { meshtest.Check(t, m.Close()) })
	ours := httptest.NewServer(New(m, m.Stats))
	t.Cleanup(ours.Close)
	for i, s := range situations() {
		t.Run(s.name, func(t *testing.T) {
			upstream := meshtest.ListenFunc(t, s.upstream)
			run := func(name, url string) float64 {
				proxy, err := toxiclient.NewClient(url).CreateProxy(fmt.Sprint(i), "127.0.0.1:0", upstream)
				meshtest.Check(t, err)
				defer func() { meshtest.Check(t, proxy.Delete()) }()
				for _, toxic := range s.toxics {
					_, err := proxy.AddToxic(toxic.Name, toxic.Type, toxic.Stream, toxic.Toxicity, toxic.Attributes)
					meshtest.Check(t, err)
				}
				return s.measure(t, &side{name: name, proxy: proxy})
			}
			theirs, own := run("toxiproxy", oracle.URL), run("squall", ours.URL)
			t.Logf("toxiproxy %.1f, squall %.1f %s", theirs, own, s.unit)
			s.judge(t, theirs, own)
		})
	}
}

func (s *situation) judge(t *testing.T, theirs, own float64) {
	t.Helper()
	if own < s.low || own > s.high {
		t.Errorf("ours is %.2f %s, want %g to %g", own, s.unit, s.low, s.high)
	}
	if s.unsound != "" {
		if theirs < s.theirs[0] || theirs > s.theirs[1] {
			t.Errorf("toxiproxy's is %.2f %s, not %v any more: %s", theirs, s.unit, s.theirs, s.unsound)
		}
		return
	}
	if difference := own - theirs; difference > s.near || -difference > s.near {
		t.Errorf("ours is %.2f %s, toxiproxy's %.2f: more than %g apart", own, s.unit, theirs, s.near)
	}
}
