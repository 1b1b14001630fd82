package api

import (
	"fmt"
	"github.com/squallhq/squall/internal/meshtest"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// route is one way to the same upstream: past every proxy, over the least proxy that can be, over
// an edge of ours, or over bare toxiproxy. Every benchmark takes all of them in turns, in an order that rotates, so that what
// else this machine does hits them alike.
type route struct {
	name    string
	address string
	carrier *carrier // nil for direct
	used    time.Duration
}

func routesTo(b *testing.B, upstream string) []*route {
	routes := []*route{{name: "direct", address: upstream}}
	for _, kind := range []string{"copying", "squall", "toxiproxy"} {
		c := startCarrier(b, kind)
		routes = append(routes, &route{name: kind, address: c.edge(b, upstream).Listen, carrier: c})
	}
	return routes
}

// inTurns runs a job on every route, in a number of rounds for each iteration, and counts the CPU
// time of the routes' carriers. It returns how many rounds there were.
func inTurns(b *testing.B, rounds int, routes []*route, job func(*route)) (total int) {
	for b.Loop() {
		for range rounds {
			for i := range routes {
				r := routes[(i+total)%len(routes)]
				before := r.cpu(b)
				job(r)
				r.used += r.cpu(b) - before
			}
			total++
		}
	}
	return total
}

func (r *route) cpu(b *testing.B) time.Duration {
	if r.carrier == nil {
		return 0
	}
	return r.carrier.cpu(b)
}

// reportCPU reports each carrier's CPU time by a unit of work, and ours as a part of toxiproxy's.
func reportCPU(b *testing.B, routes []*route, units float64, unit string) {
	per := make(map[string]float64)
	for _, r := range routes[1:] {
		per[r.name] = r.used.Seconds() / units
		b.ReportMetric(per[r.name], r.name+"-cpu-s/"+unit)
	}
	b.ReportMetric(per["copying"]/per["toxiproxy"], "cpu-floor")
	b.ReportMetric(per["squall"]/per["toxiproxy"], "cpu-of-toxiproxy")
}

// BenchmarkEdgeRoundTrip measures what an edge without a fault adds to a round trip of one byte.
func BenchmarkEdgeRoundTrip(b *testing.B) {
	const batch = 200
	routes := routesTo(b, meshtest.ListenEcho(b))
	conns, samples := make(map[string]net.Conn), make(map[string][]float64)
	for _, r := range routes {
		conns[r.name] = dialRoute(b, r)
	}
	inTurns(b, 20, routes, func(r *route) {
		for range batch {
			samples[r.name] = append(samples[r.name], pingRoute(b, conns[r.name]))
		}
	})
	p50, p99 := make(map[string]float64), make(map[string]float64)
	for name, s := range samples {
		slices.Sort(s)
		p50[name], p99[name] = s[len(s)/2], s[len(s)*99/100]
	}
	b.ReportMetric(p50["direct"], "direct-us")
	for _, name := range []string{"copying", "squall", "toxiproxy"} {
		b.ReportMetric(p50[name]-p50["direct"], name+"-added-us")
		b.ReportMetric(p99[name]-p99["direct"], name+"-added-p99-us")
	}
	b.ReportMetric((p50["copying"]-p50["direct"])/(p50["toxiproxy"]-p50["direct"]), "added-floor")
	b.ReportMetric((p50["squall"]-p50["direct"])/(p50["toxiproxy"]-p50["direct"]), "added-of-toxiproxy")
	reportCPU(b, routes, float64(len(samples["squall"]))/1e5, "100k-echos")
	b.ReportMetric(0, "ns/op")
}

func dialRoute(b *testing.B, r *route) net.Conn {
	b.Helper()
	c, err := net.DialTimeout("tcp", r.address, meshtest.Patience)
	require(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

// pingRoute is one round trip in microseconds.
func pingRoute(b *testing.B, c net.Conn) float64 {
	var byte1 [1]byte
	require(b, c.SetDeadline(time.Now().Add(meshtest.Patience)))
	start := time.Now()
	_, err := c.Write(byte1[:])
	if err == nil {
		_, err = io.ReadFull(c, byte1[:])
	}
	require(b, err)
	return float64(time.Since(start)) / float64(time.Microsecond)
}

// BenchmarkEdgeBulk measures CPU time by GB and the rate of one connection.
func BenchmarkEdgeBulk(b *testing.B) {
	const size = 256 << 20
	block := make([]byte, 128<<10)
	routes := routesTo(b, meshtest.ListenFunc(b, func(c *net.TCPConn) {
		if _, err := c.Read(make([]byte, 1)); err != nil {
			return
		}
		for sent := 0; sent < size; sent += len(block) {
			if _, err := c.Write(block); err != nil {
				return
			}
		}
	}))
	took := make(map[string]time.Duration)
	rounds := inTurns(b, 4, routes, func(r *route) {
		c := dialRoute(b, r)
		require(b, c.SetDeadline(time.Now().Add(10*meshtest.Patience)))
		start := time.Now()
		_, err := c.Write([]byte("x"))
		require(b, err)
		n, err := io.Copy(discard{}, c)
		if err != nil || n != size {
			b.Fatalf("%s carries %d bytes: %v", r.name, n, err)
		}
		took[r.name] += time.Since(start)
		_ = c.Close()
	})
	total := float64(size) * float64(rounds)
	for _, r := range routes {
		b.ReportMetric(total/1e6/took[r.name].Seconds(), r.name+"-MB/s")
	}
	reportCPU(b, routes, total/1e9, "GB")
	b.ReportMetric(0, "ns/op")
}

// discard has no ReadFrom, so that bytes are read as a program reads them.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkEdgeHTTP measures CPU time by 100,000 requests over connections that are kept.
func BenchmarkEdgeHTTP(b *testing.B) {
	const batch, clients = 8000, 16
	body := strings.Repeat("x", 200)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	b.Cleanup(upstream.Close)
	routes := routesTo(b, upstream.Listener.Addr().String())
	client := &http.Client{Timeout: meshtest.Patience, Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	b.Cleanup(client.CloseIdleConnections)
	took := make(map[string]time.Duration)
	rounds := inTurns(b, 4, routes, func(r *route) {
		start := time.Now()
		if err := getMany(client, "http://"+r.address, clients, batch/clients); err != nil {
			b.Fatalf("%s: %v", r.name, err)
		}
		took[r.name] += time.Since(start)
	})
	for _, r := range routes {
		b.ReportMetric(float64(batch*rounds)/took[r.name].Seconds(), r.name+"-req/s")
	}
	reportCPU(b, routes, float64(batch*rounds)/1e5, "100k-requests")
	b.ReportMetric(0, "ns/op")
}

// getMany has several clients each make a number of requests one after another.
func getMany(client *http.Client, url string, clients, each int) error {
	failures := make(chan error, clients)
	for range clients {
		go func() {
			var failure error
			for range each {
				if failure = get(client, url); failure != nil {
					break
				}
			}
			failures <- failure
		}()
	}
	var first error
	for range clients {
		if err := <-failures; err != nil {
			first = err
		}
	}
	return first
}

func get(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if n, err := io.Copy(io.Discard, response.Body); err != nil || n != 200 {
		return fmt.Errorf("got %d bytes: %w", n, err)
	}
	return nil
}

// BenchmarkFaultTakesHold measures, on 500 open connections that each echo a byte every 200 ms,
// how long after the call to put a latency on the last byte still passed without it, and how long
// after the call to take it off the last byte arrived late.
func BenchmarkFaultTakesHold(b *testing.B) {
	const connections = 500
	routes := routesTo(b, meshtest.ListenEcho(b))[2:] // those that have faults
	on, off := make(map[string][]float64), make(map[string][]float64)
	inTurns(b, 3, routes, func(r *route) {
		applied, lifted := takeHold(b, r, connections)
		on[r.name], off[r.name] = append(on[r.name], applied), append(off[r.name], lifted)
	})
	for _, r := range routes {
		b.ReportMetric(median(on[r.name]), r.name+"-on-ms")
		b.ReportMetric(median(off[r.name]), r.name+"-off-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// echoed is one echo: when it was sent and when it was back.
type echoed struct{ sent, back time.Time }

// takeHold returns in ms when a latency of 300 ms was on every connection, and when off again.
func takeHold(b *testing.B, r *route, connections int) (applied, lifted float64) {
	const latency = 300 * time.Millisecond
	var (
		mu    sync.Mutex
		all   []echoed
		conns sync.WaitGroup
		stop  = make(chan struct{})
	)
	for range connections {
		c := dialRoute(b, r)
		conns.Go(func() {
			defer func() { _ = c.Close() }()
			one := make([]byte, 1)
			for {
				_ = c.SetDeadline(time.Now().Add(meshtest.Patience))
				e := echoed{sent: time.Now()}
				if _, err := c.Write(one); err != nil {
					b.Error(err)
					return
				}
				if _, err := io.ReadFull(c, one); err != nil {
					b.Error(err)
					return
				}
				e.back = time.Now()
				mu.Lock()
				all = append(all, e)
				mu.Unlock()
				select {
				case <-stop:
					return
				case <-time.After(200 * time.Millisecond):
				}
			}
		})
	}
	time.Sleep(500 * time.Millisecond) // all in their stride
	proxy, err := r.carrier.client.Proxy("edge")
	require(b, err)
	begin := time.Now()
	_, err = proxy.AddToxic("slow", "latency", "downstream", 1, map[string]any{"latency": latency.Milliseconds()})
	require(b, err)
	applied = float64(time.Since(begin)) / 1e6 // it can't be sooner than the call says
	time.Sleep(2 * latency)
	end := time.Now()
	require(b, proxy.RemoveToxic("slow"))
	lifted = float64(time.Since(end)) / 1e6
	time.Sleep(2 * latency)
	close(stop)
	conns.Wait()
	for _, e := range all {
		late := e.back.Sub(e.sent) >= latency/2
		if !late && e.sent.After(begin) && e.back.Before(end) {
			applied = max(applied, float64(e.sent.Sub(begin))/1e6)
		}
		if late && e.back.After(end) {
			lifted = max(lifted, float64(e.back.Sub(end))/1e6)
		}
	}
	return applied, lifted
}
