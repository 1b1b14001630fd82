package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	toxiclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/squallhq/squall/internal/meshtest"
)

// connect opens a connection over a side, with a deadline for all that a test does on it.
func (s *side) connect(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", s.proxy.Listen, meshtest.Patience)
	if err != nil {
		t.Fatalf("connect over %s: %v", s.name, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	meshtest.Check(t, conn.SetDeadline(time.Now().Add(meshtest.Patience)))
	return conn.(*net.TCPConn)
}

func since(start time.Time) float64 { return float64(time.Since(start)) / float64(time.Millisecond) }

// send writes one byte, which begins most measurements.
func send(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := c.Write([]byte("x"))
	meshtest.Check(t, err)
}

func roundTrip(t *testing.T, c net.Conn) float64 {
	t.Helper()
	start := time.Now()
	send(t, c)
	_, err := io.ReadFull(c, make([]byte, 1))
	meshtest.Check(t, err)
	return since(start)
}

func medianRoundTrip(t *testing.T, s *side) float64 { return roundTrips(15, median)(t, s) }

func roundTrips(n int, of func([]float64) float64) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		c := s.connect(t)
		times := make([]float64, 0, n)
		for range n {
			times = append(times, roundTrip(t, c))
		}
		return of(times)
	}
}

// medianGet is the median time of a GET, with all of them on one connection.
func medianGet(t *testing.T, s *side) float64 {
	var dials atomic.Int32
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	client, times := &http.Client{Transport: transport, Timeout: meshtest.Patience}, make([]float64, 0, 15)
	for range cap(times) {
		start := time.Now()
		response, err := client.Get("http://" + s.proxy.Listen)
		meshtest.Check(t, err)
		body, err := io.ReadAll(response.Body)
		meshtest.Check(t, err)
		meshtest.Check(t, response.Body.Close())
		meshtest.Same(t, "body", "ok", string(body))
		times = append(times, since(start))
	}
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections were made", n)
	}
	return median(times)
}

// sendTime is how long n bytes take until they are acknowledged.
func sendTime(n int) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		c := s.connect(t)
		start := time.Now()
		_, err := c.Write(make([]byte, n))
		meshtest.Check(t, err)
		_, err = io.ReadFull(c, make([]byte, 1))
		meshtest.Check(t, err)
		return since(start)
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// receiveTime is how long the whole answer to one byte takes.
func receiveTime(t *testing.T, s *side) float64 {
	c := s.connect(t)
	start := time.Now()
	send(t, c)
	_, err := io.Copy(io.Discard, c)
	meshtest.Check(t, err)
	return since(start)
}

// pieces is in how many reads an answer comes.
func pieces(t *testing.T, s *side) float64 {
	c := s.connect(t)
	send(t, c)
	reads, buffer := 0.0, make([]byte, 1<<16)
	for {
		n, err := c.Read(buffer)
		if n > 0 {
			reads++
		}
		if err == io.EOF {
			return reads
		}
		meshtest.Check(t, err)
	}
}

// closeTime is the time from the last byte of an answer to its end.
func closeTime(t *testing.T, s *side) float64 {
	c := s.connect(t)
	send(t, c)
	_, err := io.ReadFull(c, make([]byte, 100))
	meshtest.Check(t, err)
	return untilEnd(t, c)
}

// untilEnd is how long a connection takes to end, in whichever way.
func untilEnd(t *testing.T, c net.Conn) float64 {
	t.Helper()
	start := time.Now()
	_, err := io.Copy(io.Discard, c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the connection has not ended")
	}
	return since(start)
}

func receivedBytes(t *testing.T, s *side) float64 {
	c := s.connect(t)
	send(t, c)
	n, err := io.Copy(io.Discard, c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the connection has not ended")
	}
	return float64(n)
}

// counting tells how many bytes arrived.
func counting(arrived chan<- float64) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		n, _ := io.Copy(io.Discard, c)
		arrived <- float64(n)
	}
}

// sentThrough sends ten bytes and says how many the callee has got when its stream ended.
func sentThrough(arrived <-chan float64) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		c := s.connect(t)
		_, err := c.Write([]byte("0123456789"))
		meshtest.Check(t, err)
		select {
		case n := <-arrived:
			return n
		case <-time.After(meshtest.Patience):
			t.Fatalf("%s has not ended the callee's stream", s.name)
			return 0
		}
	}
}

// silence is how long a connection that nothing comes over lives, written to at once and then every interval.
func silence(interval time.Duration) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		c := s.connect(t)
		start, ended := time.Now(), make(chan float64, 1)
		send(t, c)
		go func() {
			_, _ = io.Copy(io.Discard, c)
			ended <- since(start)
		}()
		for interval > 0 && since(start) < 450 {
			time.Sleep(interval)
			if _, err := c.Write([]byte("x")); err != nil {
				break
			}
		}
		return <-ended
	}
}

// silentFor is how long nothing comes after a byte was sent, at most as long as it watches.
func silentFor(watch time.Duration) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		c := s.connect(t)
		start := time.Now()
		send(t, c)
		meshtest.Check(t, c.SetReadDeadline(start.Add(watch)))
		n, err := c.Read(make([]byte, 10))
		if n > 0 {
			t.Errorf("%s lets %d bytes through", s.name, n)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return float64(watch) / float64(time.Millisecond)
		}
		return since(start)
	}
}

// afterRemoval sends a byte into the toxic, takes the toxic off and measures from then.
func afterRemoval(measure func(*testing.T, net.Conn) float64) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		c := s.connect(t)
		send(t, c)
		meshtest.Check(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%s lets %d bytes through: %v", s.name, n, err)
		}
		meshtest.Check(t, c.SetDeadline(time.Now().Add(meshtest.Patience)))
		start := time.Now()
		meshtest.Check(t, s.proxy.RemoveToxic("t"))
		removal := since(start)
		return max(removal, measure(t, c))
	}
}

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

// resetsOf is how many of n connections end in a reset, as early as in connecting.
func resetsOf(n int) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		resets := 0.0
		for range n {
			if isReset(echoes(s.proxy.Listen)) {
				resets++
			}
		}
		return resets
	}
}

// idleUntilReset is when a connection that carries nothing is reset, at most as long as it watches.
func idleUntilReset(watch time.Duration) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		start := time.Now()
		c := s.connect(t)
		meshtest.Check(t, c.SetReadDeadline(start.Add(watch)))
		if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			return float64(watch) / float64(time.Millisecond)
		} else if !isReset(err) {
			t.Errorf("%s ends an idle connection with %v", s.name, err)
		}
		return since(start)
	}
}

func resetWhenOpen(t *testing.T, s *side) float64 {
	c := s.connect(t)
	roundTrip(t, c)
	_, err := s.proxy.AddToxic("t", "reset_peer", "downstream", 1, toxiclient.Attributes{"timeout": 0})
	meshtest.Check(t, err)
	_, writing := c.Write([]byte("x")) // fails where the reset is here already
	_, reading := c.Read(make([]byte, 1))
	if isReset(writing) || isReset(reading) {
		return 1
	}
	return 0
}

// truncated is how many of n answers of 2 MB don't arrive whole.
func truncated(n int) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		short := 0.0
		for range n {
			c := s.connect(t)
			send(t, c)
			time.Sleep(10 * time.Millisecond) // bytes are under way when the end comes
			if got, err := io.Copy(io.Discard, c); err != nil || got < 2_000_000 {
				short++
			}
		}
		return short
	}
}

// cutShort is how many of n answers of 10 bytes end early.
func cutShort(n int) func(*testing.T, *side) float64 {
	return func(t *testing.T, s *side) float64 {
		short := 0.0
		for range n {
			if receivedBytes(t, s) < 10 {
				short++
			}
		}
		return short
	}
}

// halfClosed is how much of an answer comes after the caller has ended its way.
func halfClosed(t *testing.T, s *side) float64 {
	c := s.connect(t)
	_, err := c.Write([]byte("late"))
	meshtest.Check(t, err)
	meshtest.Check(t, c.CloseWrite())
	data, _ := io.ReadAll(c)
	return float64(len(data))
}

func refusedWhenDown(t *testing.T, s *side) float64 {
	meshtest.Check(t, s.proxy.Disable())
	refused := 0.0
	for range 5 {
		c, err := net.DialTimeout("tcp", s.proxy.Listen, meshtest.Patience)
		if errors.Is(err, syscall.ECONNREFUSED) {
			refused++
		} else if err == nil {
			_ = c.Close()
		}
	}
	return refused
}

func endsWhenDown(t *testing.T, s *side) float64 {
	c := s.connect(t)
	roundTrip(t, c)
	meshtest.Check(t, s.proxy.Disable())
	return untilEnd(t, c)
}
