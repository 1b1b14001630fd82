package resumable_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/pipenet"
	"github.com/squallhq/squall/internal/resumable"
)

// way is a network on which connections can be cut, made to swallow what is sent, or refused.
type way struct {
	net pipenet.Network

	mu      sync.Mutex
	refused error
	open    []*swallower
}

func (w *way) listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := w.net.Listen(t.Context(), "tcp", "generator:1")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *way) dial(ctx context.Context) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused != nil {
		return nil, w.refused
	}
	c, err := w.net.DialContext(ctx, "tcp", "generator:1")
	if err != nil {
		return nil, err
	}
	s := &swallower{Conn: c}
	w.open = append(w.open, s)
	return s, nil
}

// each does something to all connections that there are.
func (w *way) each(do func(*swallower)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		do(c)
	}
	w.open = nil
}

func (w *way) refuse(with error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = with
}

// swallower is a connection that says that it sends, and does not, once it is told to.
type swallower struct {
	net.Conn
	mu     sync.Mutex
	silent bool
}

func (s *swallower) Write(b []byte) (int, error) {
	s.mu.Lock()
	silent := s.silent
	s.mu.Unlock()
	if silent {
		return len(b), nil
	}
	return s.Conn.Write(b)
}

func (s *swallower) swallow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

// both are the two sides of a line over a way.
func both(t *testing.T, w *way) (near, far *resumable.Conn) {
	t.Helper()
	o := resumable.Options{Token: "token", Patience: 20 * time.Second}
	l := w.listen(t)
	accepted := make(chan *resumable.Conn, 1)
	go func() {
		c, err := resumable.Accept(t.Context(), l, o)
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	near, err := resumable.Dial(t.Context(), o, w.dial)
	if err != nil {
		t.Fatal(err)
	}
	return near, <-accepted
}

// random are so many bytes that no two places of are alike.
func random(n int, seed uint64) []byte {
	out, chance := make([]byte, n), rand.New(rand.NewPCG(seed, 1))
	for i := range out {
		out[i] = byte(chance.Uint32())
	}
	return out
}

// What is written comes to the other side once, whole and in order, however often the connection is cut or swallows what is sent, in the middle of parts too.
func TestNothingIsLostOrTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &way{}
		near, far := both(t, w)
		up, down := random(3<<20, 1), random(2<<20, 2)
		var sides sync.WaitGroup
		write := func(c *resumable.Conn, all []byte, chance *rand.Rand) {
			for len(all) > 0 {
				n := min(len(all), 1+chance.IntN(200<<10))
				if _, err := c.Write(all[:n]); err != nil {
					t.Error(err)
					return
				}
				all = all[n:]
				time.Sleep(time.Duration(chance.IntN(400)) * time.Millisecond)
			}
		}
		read := func(c *resumable.Conn, want []byte) {
			got := make([]byte, len(want))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes came otherwise, or not: %v", len(want), err)
			}
		}
		sides.Go(func() { write(near, up, rand.New(rand.NewPCG(3, 1))) })
		sides.Go(func() { write(far, down, rand.New(rand.NewPCG(4, 1))) })
		sides.Go(func() { read(far, up) })
		sides.Go(func() { read(near, down) })
		over := make(chan struct{})
		cuts, begun := 0, time.Now()
		go func() {
			chance := rand.New(rand.NewPCG(5, 1))
			for {
				select {
				case <-over:
					return
				case <-time.After(time.Duration(chance.IntN(700)) * time.Millisecond):
				}
				if cuts++; cuts%4 == 0 {
					w.each(func(c *swallower) { c.swallow() })
				} else {
					w.each(func(c *swallower) { _ = c.Close() })
				}
			}
		}()
		sides.Wait()
		close(over)
		if cuts < 8 {
			t.Errorf("it was cut %d times: too few to say anything", cuts)
		}
		if took := time.Since(begun); took > 2*time.Minute {
			t.Errorf("it took %s: a connection that swallows everything is to be given up after seconds", took)
		}
		same := []byte("once more")
		if _, err := near.Write(same); err != nil {
			t.Error(err)
		}
		read(far, same) // the end is told over a connection that is there
		if err := near.Close(); err != nil {
			t.Error(err)
		}
		ended(t, far)
	})
}

// ended reads until the line has ended, as it does where the other side ended it.
func ended(t *testing.T, c *resumable.Conn) {
	t.Helper()
	if n, err := io.Copy(io.Discard, c); err != nil || n != 0 {
		t.Errorf("read %d bytes after the other side's end, and then: %v", n, err)
	}
}

// A way that is away for less than the patience costs that time; for more, both sides end by themselves and say so.
func TestPatience(t *testing.T) {
	t.Parallel()
	for _, away := range []time.Duration{15 * time.Second, 25 * time.Second} {
		t.Run(away.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &way{}
				near, far := both(t, w)
				down := errors.New("nobody answers")
				w.refuse(down)
				w.each(func(c *swallower) { _ = c.Close() })
				begun := time.Now()
				if _, err := far.Write([]byte("told meanwhile")); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(away, func() { w.refuse(nil) })
				got := make([]byte, 14)
				_, err := io.ReadFull(near, got)
				took := time.Since(begun)
				if away < 20*time.Second {
					if err != nil || string(got) != "told meanwhile" || took < away || took > away+time.Second {
						t.Errorf("after %s: %q, %v", took, got, err)
					}
					_ = near.Close()
					ended(t, far)
					return
				}
				if !errors.Is(err, resumable.ErrCut) || !errors.Is(err, down) || took < 20*time.Second || took > 21*time.Second {
					t.Errorf("after %s the dialing side says %v", took, err)
				}
				if _, err := far.Read(got); !errors.Is(err, resumable.ErrCut) || time.Since(begun) > 21*time.Second {
					t.Errorf("after %s the other says %v", time.Since(begun), err)
				}
			})
		})
	}
}

// What can't be reached any more is not waited for.
func TestFinal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &way{}
		near, far := both(t, w)
		gone := errors.New("its pod was deleted")
		w.refuse(&resumable.Final{Err: gone})
		w.each(func(c *swallower) { _ = c.Close() })
		begun := time.Now()
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, gone) || time.Since(begun) > time.Second {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		_ = far.Close()
		if _, err := resumable.Dial(t.Context(), resumable.Options{Token: "token"}, w.dial); !errors.Is(err, gone) {
			t.Errorf("to begin with: %v", err)
		}
	})
}

// Who shows another token, or has another line, gets nothing and disturbs nobody; the end of the context ends who listens.
func TestStrangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &way{}
		near, far := both(t, w)
		for _, token := range []string{"", "tokem", "token"} { // the last is of another line
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			if _, err := resumable.Dial(ctx, resumable.Options{Token: token}, w.dial); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("with the token %q: %v", token, err)
			}
			cancel()
		}
		if _, err := near.Write([]byte("still")); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(far, got); err != nil || string(got) != "still" {
			t.Errorf("%q, %v", got, err)
		}
		_ = far.Close()
		ended(t, near)
		if _, err := resumable.Accept(t.Context(), nil, resumable.Options{}); err == nil || !strings.Contains(err.Error(), "token") {
			t.Errorf("without a token: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := resumable.Accept(ctx, (&way{}).listen(t), resumable.Options{Token: "x"}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

// Who writes faster than is read waits, and nothing grows without end.
func TestWhoWritesWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := both(t, &way{})
		all, written := random(48<<20, 6), make(chan struct{})
		go func() {
			defer close(written)
			for n := 0; n < len(all); n += 1 << 20 {
				if _, err := near.Write(all[n : n+1<<20]); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		time.Sleep(time.Minute)
		select {
		case <-written:
			t.Error("all of it was taken though nobody reads")
		default:
		}
		got := make([]byte, len(all))
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, all) {
			t.Errorf("what was written came otherwise: %v", err)
		}
		<-written
		_ = near.Close()
		ended(t, far)
	})
}
