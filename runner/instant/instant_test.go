package instant_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner/engine/virtual/network"
	"github.com/squallhq/squall/runner/instant"
)

// In virtual time those who may go on at one instant do so one after the other, as they were ordered, each at a ns of its own; who comes later
// does not wait.
func TestTurns(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			began, keep := time.Now(), instant.Keep(network.New(1).Keep)
			order, mu := []time.Duration{}, sync.Mutex{}
			var all sync.WaitGroup
			var latest *instant.Turn
			for n := range 6 {
				before, turn := latest, instant.NewTurn()
				latest = turn
				all.Go(func() {
					if n == 5 {
						time.Sleep(time.Second)
					}
					turn.Await(before, keep)
					mu.Lock()
					defer mu.Unlock()
					order = append(order, time.Since(began))
				})
			}
			all.Wait()
			if want := []time.Duration{0, 1, 2, 3, 4, time.Second}; !slices.Equal(order, want) {
				t.Errorf("they went on after %v, want %v", order, want)
			}
		})
	}
}

// A timer has its moment alone, and gives it back; in real time it is a timer.
func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, keep := time.Now(), instant.Keep(network.New(1).Keep)
		first, stopFirst := keep.Timer(time.Second)
		second, stopSecond := keep.Timer(time.Second)
		<-first
		if got := time.Since(began); got != time.Second {
			t.Errorf("the first rang after %v", got)
		}
		<-second
		if got := time.Since(began); got != time.Second+1 {
			t.Errorf("the second, of the same time, rang after %v, want a ns later", got)
		}
		stopFirst()
		stopSecond()
		_, stop := keep.Timer(time.Second)
		stop()
		again, stopAgain := keep.Timer(time.Second)
		defer stopAgain()
		<-again
		if got := time.Since(began); got != 2*time.Second+1 {
			t.Errorf("where one was given back, the next rang after %v", got)
		}
		for d, want := range map[time.Duration]time.Duration{-time.Second: 0, 0: 0, time.Second: time.Second} {
			from := time.Now()
			rings, stop := instant.Keep(nil).Timer(d)
			<-rings
			stop()
			if got := time.Since(from); got != want {
				t.Errorf("in real time, one of %v rang after %v", d, got)
			}
		}
	})
}

// In real time nobody waits for anybody.
func TestNoTurnsInRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := instant.NewTurn()
		instant.NewTurn().Await(never, nil) // would not return
	})
}
