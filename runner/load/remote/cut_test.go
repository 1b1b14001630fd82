package remote_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/pipenet"
	"github.com/squallhq/squall/internal/resumable"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/remote"
	"github.com/squallhq/squall/runner/load/worker"
)

// line is one to a generator that listens, as those in pods do: its connections can be cut, and none be made anew for a while.
type line struct {
	*resumable.Conn
	ended chan struct{}

	mu   sync.Mutex
	away bool
	open []net.Conn
}

func (l *line) Why() string { return "" }

func (l *line) Close() error {
	err := l.Conn.Close()
	<-l.ended
	return err
}

var errAway = errors.New("the API server is away")

// cut cuts what there is, and lets nothing be made for so long.
func (l *line) cut(away time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = true
	for _, c := range l.open {
		_ = c.Close()
	}
	time.AfterFunc(away, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.away = false
	})
}

// listens starts a generator that listens.
func (w *world) listens(lines []*line) func(context.Context, runner.Stage, int) (remote.Link, error) {
	return func(ctx context.Context, _ runner.Stage, index int) (remote.Link, error) {
		n, l := &pipenet.Network{}, &line{ended: make(chan struct{})}
		listener, err := n.Listen(ctx, "tcp", "generator:1")
		if err != nil {
			return nil, err
		}
		go func() {
			defer close(l.ended)
			_ = worker.Hold(context.WithoutCancel(ctx), listener, worker.Options{Loader: load.New(load.Options{}), Dial: w.dial, Squall: "test", Token: "token"}) // its line may be cut for good
		}()
		l.Conn, err = resumable.Dial(ctx, resumable.Options{Token: "token"}, func(ctx context.Context) (net.Conn, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.away {
				return nil, errAway
			}
			c, err := n.DialContext(ctx, "tcp", "generator:1")
			l.open = append(l.open, c)
			return c, err
		})
		lines[index] = l
		return l, err
	}
}

// Generators whose connections are cut for some seconds go on, and what they tell then is what one tells that nobody cuts; one that can't be reached
// again is lost, and that is why.
func TestLinesThatAreCut(t *testing.T) {
	t.Parallel()
	all := loads()[:1]
	one := (&world{serve: uneven()}).drives(t, 0, all, 12*time.Second, nil)
	for _, away := range []time.Duration{6 * time.Second, time.Minute} {
		t.Run(away.String(), func(t *testing.T) {
			t.Parallel()
			w, lines := &world{serve: uneven()}, make([]*line, 2)
			w.starts = w.listens(lines)
			got := w.drives(t, 2, all, 12*time.Second, func(*runner.Drive) {
				time.AfterFunc(4*time.Second, func() { lines[1].cut(away) })
			})
			if got.err != nil {
				t.Fatal(got.err)
			}
			lost := got.Each[1].Ended
			if away > remote.DefaultSilence {
				if !strings.HasPrefix(lost, "lost: ") || got.Each[0].Ended != "done" || got.Generator.Intended != one.Generator.Intended {
					t.Errorf("one that is away: %+v", got.Each)
				}
				return
			}
			if lost != "done" || got.Each[1].SilentMs < 5000 {
				t.Errorf("the one whose line was cut: %+v", got.Each[1])
			}
			want, samples := sorted(one.samples), sorted(got.samples)
			if len(samples) != len(want) || firstOther(want, samples) != "one is longer" {
				t.Errorf("%d samples, want %d; the first that differs:\n%s", len(samples), len(want), firstOther(want, samples))
			}
		})
	}
}
