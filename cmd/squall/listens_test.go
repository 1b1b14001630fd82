package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/remote"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// listening is a generator that waits for its conductor, as a program.
type listening struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string
	said    strings.Builder // once it has ended
	done    chan struct{}
}

const itsToken = "the-token-of-this-run"

// listen starts one, and reads where it listens.
func listen(t *testing.T, at string) *listening {
	t.Helper()
	g := &listening{t: t, cmd: exec.Command(squallbin.Path(t), "generator", "--listen", at), done: make(chan struct{})}
	g.cmd.Env = append(os.Environ(), generatorToken+"="+itsToken)
	g.cmd.Stderr = &g.said
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	words := bufio.NewReader(out)
	line, err := words.ReadBytes('\n')
	go func() {
		defer close(g.done)
		_, _ = io.Copy(io.Discard, words)
		_ = g.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = g.cmd.Process.Kill()
		<-g.done
		if strings.Contains(g.said.String(), itsToken) {
			t.Errorf("its log has the token: %s", g.said.String())
		}
	})
	var a wire.Addresses
	if err := errors.Join(err, json.Unmarshal(line, &a)); err != nil {
		t.Fatalf("it says %q: %v", line, err)
	}
	g.address = a.Listen
	return g
}

// ends waits for its end, and tells its exit code.
func (g *listening) ends() int {
	g.t.Helper()
	select {
	case <-g.done:
		return g.cmd.ProcessState.ExitCode()
	case <-time.After(time.Minute):
		g.t.Fatal("the generator has not ended")
		return 0
	}
}

// way is a connection to it, as a conductor has it.
type way struct{ net.Conn }

func (way) Why() string { return "" }

// conductor conducts with a token.
func (g *listening) conductor(token string) *remote.Loader {
	return remote.New(remote.Options{Generators: 1, Squall: version(), Token: token, Start: func(context.Context, runner.Stage, int) (remote.Link, error) {
		c, err := net.Dial("tcp", g.address)
		return way{c}, err
	}})
}

// counted is a server and how many requests it has had.
func counted(t *testing.T) (address string, requests *atomic.Int64) {
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), requests
}

func loadOf(address string, length time.Duration) runner.Drive {
	return runner.Drive{Zero: time.Now().Add(200 * time.Millisecond), Record: func(record.Sample) {}, Order: order.Order{
		Loads: []*scenarios.Load{{Name: "users", To: "web", Rate: 100, Requests: []scenarios.Request{{Send: "GET /"}}}}, Until: length, Seed: 1,
		Edges: map[string][]order.Edge{"users": {{Name: "users:web-1", To: "web", Address: address}}},
	}}
}

// A generator that listens turns away who has not its token, or is nobody of ours, and waits on; it has one conductor at a time, whose load a second
// one does not touch; and it ends with that conductor.
func TestAGeneratorListens(t *testing.T) {
	t.Parallel()
	g := listen(t, ":0")
	if host, _, _ := net.SplitHostPort(g.address); host != "127.0.0.1" {
		t.Errorf("without a host it listens at %s, want loopback alone", g.address)
	}
	stranger, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if _, err := stranger.Write([]byte("GET / HTTP/1.1\r\nHost: generator\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = stranger.SetReadDeadline(time.Now().Add(30 * time.Second))
	said, err := io.ReadAll(stranger) // an end, or a reset of what it had not read
	if errors.Is(err, os.ErrDeadlineExceeded) || strings.Contains(string(said), itsToken) {
		t.Errorf("who says no hello hears %q, %v", said, err)
	}
	address, requests := counted(t)
	for _, token := range []string{"", "another", itsToken + "x"} {
		if _, _, err := g.conductor(token).Stage(t.Context(), runner.Stage{Order: loadOf(address, time.Second).Order}); err == nil || requests.Load() != 0 {
			t.Errorf("with token %q: %v, %d requests", token, err, requests.Load())
		}
	}
	d := loadOf(address, 2*time.Second)
	staged, stop, err := g.conductor(itsToken).Stage(t.Context(), runner.Stage{Order: d.Order})
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() {
		for requests.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		_, _, err := g.conductor(itsToken).Stage(t.Context(), runner.Stage{Order: d.Order})
		second <- err
	}()
	d.Zero = time.Now().Add(200 * time.Millisecond)
	driven, err := staged.Drive(t.Context(), d)
	if err != nil || driven.Sent != 200 || requests.Load() != 200 || driven.Each[0].Ended != "done" {
		t.Errorf("%v: sent %d of 200, of which %d came, %+v", err, driven.Sent, requests.Load(), driven.Each)
	}
	if err := <-second; err == nil || !strings.Contains(err.Error(), "its connection has ended") {
		t.Errorf("a second conductor: %v", err)
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
	if code := g.ends(); code != 0 {
		t.Errorf("it ended with %d: %s", code, g.said.String())
	}
}

// One whose conductor vanishes in the middle of the load, with an end of its connection or without one that is orderly, ends, and its load with it.
func TestAGeneratorWhoseConductorVanishes(t *testing.T) {
	t.Parallel()
	for name, vanish := range map[string]func(*net.TCPConn){
		"closed": func(c *net.TCPConn) { _ = c.Close() },
		"reset":  func(c *net.TCPConn) { _, _ = c.SetLinger(0), c.Close() },
	} {
		g := listen(t, "127.0.0.1:0")
		address, requests := counted(t)
		c, err := net.Dial("tcp", g.address)
		if err != nil {
			t.Fatal(err)
		}
		ours := frame.Hello{Version: frame.Version, Squall: version(), Token: itsToken}
		in := bufio.NewReader(c)
		if _, err := frame.ReadHello(in, ours); err != nil {
			t.Fatal(err)
		}
		d := loadOf(address, 10*time.Minute)
		payload, err := order.Encode(d.Order)
		if err != nil {
			t.Fatal(err)
		}
		begin := frame.Encode(frame.Start{Zero: frame.NewClock(0).Of(d.Zero)})
		if err := errors.Join(frame.WriteHello(c, ours), frame.Write(c, frame.Order, payload), frame.Write(c, frame.Begin, begin)); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); requests.Load() < 10; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d requests in a minute", name, requests.Load())
			}
		}
		vanish(c.(*net.TCPConn))
		g.ends() // exit code 3 for a reset, 0 for an end
	}
}

// Where it listens and for whom is said, or nothing listens.
func TestAGeneratorListensForSomebody(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ at, token, want string }{
		{"127.0.0.1:0", "", "set SQUALL_GENERATOR_TOKEN"},
		{"15072", "x", "give one as in 127.0.0.1:15072"},
	} {
		c := exec.Command(squallbin.Path(t), "generator", "--listen", test.at)
		c.Env = append(os.Environ(), generatorToken+"="+test.token)
		out, err := c.CombinedOutput()
		var ended *exec.ExitError
		if !errors.As(err, &ended) || ended.ExitCode() != int(report.ExitUsage) || !strings.Contains(string(out), test.want) {
			t.Errorf("--listen %s with token %q: %v, %s", test.at, test.token, err, out)
		}
	}
}
