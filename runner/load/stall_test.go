package load_test

import (
	"math"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
)

// stallsAt serves in 20 ms, but for a stretch in which it answers nobody until its end.
func stallsAt(from, until time.Duration) http.Handler {
	var once sync.Once
	var begun time.Time
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { begun = time.Now() })
		at := time.Since(begun)
		wait := 20 * time.Millisecond
		if at >= from && at < until {
			wait += until - at
		}
		time.Sleep(wait)
		_, _ = w.Write([]byte("ok"))
	})
}

// The users of a closed load send nothing while they wait. It says so, and how much: one user, 20 ms an answer and 80 ms to think, is
// 10 requests a second; a stall of 5 s in 25 s is a fifth of the time and 50 requests.
func TestClosedLoadsSayThatTheyStoodStill(t *testing.T) {
	t.Parallel()
	closed := func() *scenarios.Load {
		l := open(0)
		l.Users, l.Think = 1, &scenarios.Work{Mean: 80 * time.Millisecond}
		return l
	}
	run := func(l *scenarios.Load, h http.Handler) driven {
		return virtually(t, []*scenarios.Load{l}, 25*time.Second, h, func(*runner.Drive, *pipes) {})
	}
	got := run(closed(), stallsAt(10*time.Second, 15*time.Second)).generator
	if len(got.Stalls) != 1 {
		t.Fatalf("stalls %+v, want one", got.Stalls)
	}
	s := got.Stalls[0]
	if s.Load != "users" || math.Abs(s.TimeShare-.2) > .005 || math.Abs(float64(s.NotSent)-50) > 1 || math.Abs(s.LongestS-5) > .1 {
		t.Errorf("stall %+v, want 20 %% of the time, 50 requests, 5 s at most", s)
	}
	if missing := 250 - got.Sent; math.Abs(float64(missing-s.NotSent)) > 1 {
		t.Errorf("%d requests are missing, it says %d", missing, s.NotSent)
	}

	for name, handler := range map[string]http.Handler{
		"an even service": serves(20 * time.Millisecond), "a stall of 200 ms in 25 s": stallsAt(10*time.Second, 10*time.Second+200*time.Millisecond),
	} {
		if got := run(closed(), handler).generator.Stalls; got != nil {
			t.Errorf("%s: stalls %+v, want none", name, got)
		}
	}
	if got := run(open(10), stallsAt(10*time.Second, 15*time.Second)).generator.Stalls; got != nil {
		t.Errorf("an open load sends whatever happens, and says %+v", got)
	}
}
