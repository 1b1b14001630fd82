package clocks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/clocks"
)

// A clock of known offset is found within what is said to be uncertain, however unevenly the question travels, by the quickest answer.
func TestMeasure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const ahead = 1500 * time.Millisecond
		ways := [][2]time.Duration{{40 * time.Millisecond, 0}, {3 * time.Millisecond, time.Millisecond}, {0, 90 * time.Millisecond}}
		n := 0
		ask := func(context.Context) (time.Time, error) {
			way := ways[n%len(ways)]
			n++
			if n == 2 {
				return time.Time{}, errors.New("lost")
			}
			time.Sleep(way[0])
			theirs := time.Now().Add(ahead)
			time.Sleep(way[1])
			return theirs, nil
		}
		o, err := clocks.Measure(t.Context(), 6, ask)
		if err != nil || o.Uncertain != 2*time.Millisecond || o.Ahead != ahead+time.Millisecond {
			t.Fatalf("%+v, %v, want 1.501 s ± 2 ms", o, err)
		}
		later := o.At.Add(100 * time.Second)
		if got := o.Since(later).Uncertain; got != 12*time.Millisecond {
			t.Errorf("after 100 s it is ± %s, want 100 ppm more: 12 ms", got)
		}
		worse := clocks.Offset{Uncertain: 5 * time.Millisecond, At: later}
		if o.Better(worse, o.At) != o || o.Better(worse, later) != worse || (clocks.Offset{}).Better(o, later) != o {
			t.Error("the better one is not the one that leaves less to doubt by then")
		}
		now := time.Now()
		if !o.Here(o.There(now)).Equal(now) {
			t.Error("there and back it is another time")
		}
		if _, err := clocks.Measure(t.Context(), 2, func(context.Context) (time.Time, error) { return time.Time{}, errors.New("lost") }); err == nil {
			t.Error("an offset that nobody told")
		}
	})
}
