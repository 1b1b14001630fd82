package passage_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/passage"
)

// Two stay for 3 s and 1 s, and one has been inside for 2 s: an area of 6 s.
func TestReading(t *testing.T) {
	zero := time.Now()
	at := func(s int) time.Time { return zero.Add(time.Duration(s) * time.Second) }
	var c passage.Count
	if got := c.Read(at(9)); got != (passage.Reading{}) {
		t.Errorf("where nothing has come: %+v", got)
	}
	c.Enter(at(10))
	c.Enter(at(11))
	c.Leave(at(11), at(12))
	c.Enter(at(12))
	c.Leave(at(10), at(13))
	want := passage.Reading{In: 3, Out: 2, Inside: 1, Area: 6 * time.Second, Took: 4 * time.Second, Ages: 2 * time.Second}
	if got := c.Read(at(14)); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Who is inside when a life ends is lost, and the time that it had stayed is of the sum.
func TestLives(t *testing.T) {
	first := passage.Reading{In: 5, Out: 3, Inside: 2, Area: 9, Took: 6, Ages: 3}
	second := passage.Reading{In: 4, Out: 3, Inside: 1, Area: 7, Took: 5, Ages: 2}
	want := passage.Reading{In: 9, Out: 6, Inside: 1, Lost: 2, Area: 16, Took: 11, LostAges: 3, Ages: 2}
	if got := first.Add(second); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := want.Sub(first); got != (passage.Reading{In: 4, Out: 3, Inside: -1, Lost: 2, Area: 7, Took: 5, LostAges: 3, Ages: -1}) {
		t.Errorf("since the first: %+v", got)
	}
}

// The integral and the sum of the stays agree to the nanosecond, whoever comes and goes at once, and whatever is inside at the end.
func TestIntegralAgreesWithStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c passage.Count
		var all sync.WaitGroup
		for n := range uint64(200) {
			draw := rand.New(rand.NewPCG(1, n))
			all.Go(func() {
				for range 50 {
					began := time.Now()
					c.Enter(began)
					time.Sleep(time.Duration(draw.Int64N(int64(time.Second))))
					c.Leave(began, time.Now())
				}
			})
		}
		time.Sleep(5 * time.Second)
		half := c.Read(time.Now())
		if half.Inside != 200 || half.Ages == 0 || half.Area != half.Took+half.Ages {
			t.Errorf("under way: %+v", half)
		}
		all.Wait()
		if end := c.Read(time.Now()); end.In != 10_000 || end.Out != 10_000 || end.Inside != 0 || end.Area != end.Took || end.Ages != 0 {
			t.Errorf("at the end: %+v", end)
		}
	})
}

func BenchmarkPassage(b *testing.B) {
	var c passage.Count
	now := time.Now()
	for b.Loop() {
		c.Enter(now)
		c.Leave(now, now)
	}
}
