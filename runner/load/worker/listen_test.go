package worker_test

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/worker"
	"github.com/squallhq/squall/scenarios"
)

// pipes are a listener in memory.
type pipes struct{ come chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	c, more := <-p.come
	if !more {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

// endless drives until it is told to stop, and tells of nothing.
type endless struct{ ended chan time.Time }

func (e endless) Drive(ctx context.Context, _ runner.Drive) (runner.Driven, error) {
	<-ctx.Done()
	e.ended <- time.Now()
	return runner.Driven{}, ctx.Err()
}

// conduct says hello as a conductor and begins a drive.
func conduct(t *testing.T, c net.Conn, token string) {
	t.Helper()
	in := bufio.NewReader(c)
	if _, err := frame.ReadHello(in, frame.Hello{Version: frame.Version}); err != nil {
		t.Fatal(err)
	}
	if err := frame.WriteHello(c, frame.Hello{Version: frame.Version, Token: token}); err != nil {
		t.Fatal(err)
	}
	payload, err := order.Encode(order.Order{Loads: []*scenarios.Load{{Name: "users"}}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for { // what it tells, for as long as anybody listens
			if _, _, err := frame.Read(in); err != nil {
				return
			}
		}
	}()
	if err := frame.Write(c, frame.Order, payload); err != nil {
		t.Fatal(err)
	}
	if err := frame.Write(c, frame.Begin, frame.Encode(frame.Start{})); err != nil {
		t.Fatal(err)
	}
}

// A conductor that says nothing any more in the middle of a drive, and whose connection stands, has the load end and the generator too; one that asks
// the time on, or that is silent while nothing is driven, does not.
func TestASilentConductor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		asks    int // so many times, once in 30 s
		drives  bool
		after   time.Duration
		endless bool
	}{
		{name: "at once", drives: true, after: time.Minute},
		{name: "after some words", asks: 10, drives: true, after: 6 * time.Minute},
		{name: "before it drives", endless: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, loader := pipes{make(chan net.Conn, 1)}, endless{make(chan time.Time, 1)}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ours, theirs := net.Pipe()
			l.come <- theirs
			done := make(chan error, 1)
			begun := time.Now()
			go func() { done <- worker.Listen(ctx, l, worker.Options{Loader: loader, Token: "token"}) }()
			if test.drives {
				conduct(t, ours, "token")
			} else {
				in := bufio.NewReader(ours)
				if _, err := frame.ReadHello(in, frame.Hello{Version: frame.Version}); err != nil {
					t.Fatal(err)
				}
				if err := frame.WriteHello(ours, frame.Hello{Version: frame.Version, Token: "token"}); err != nil {
					t.Fatal(err)
				}
			}
			for range test.asks {
				time.Sleep(30 * time.Second)
				if err := frame.Write(ours, frame.Ping, frame.Encode(frame.Question{Number: 1})); err != nil {
					t.Fatalf("%s: %v", test.name, err)
				}
			}
			time.Sleep(time.Hour)
			select {
			case err := <-done:
				if test.endless || err == nil || !strings.Contains(err.Error(), "nothing was heard of it for 1m0s") {
					t.Errorf("%s: it ended: %v", test.name, err)
				} else if took := (<-loader.ended).Sub(begun); took != test.after {
					t.Errorf("%s: the load ended after %s, want %s", test.name, took, test.after)
				}
			default:
				if !test.endless {
					t.Errorf("%s: it goes on for nobody", test.name)
				}
			}
			cancel()
			_ = ours.Close()
			close(l.come)
			synctest.Wait()
		})
	}
}
