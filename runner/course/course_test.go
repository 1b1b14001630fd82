package course

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

const second = time.Second

// three phases of 10 s.
func three() *Course {
	return New([]Phase{{"a", 0, 10 * second}, {"b", 10 * second, 20 * second}, {"c", 20 * second, 30 * second}})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bounds are when the phases begin, and the end.
func bounds(c *Course) (out [4]time.Duration) {
	for i := range out {
		out[i] = c.Way().At(time.Duration(i) * 10 * second)
	}
	return out
}

func want(t *testing.T, c *Course, what string, seconds ...time.Duration) {
	t.Helper()
	for i, got := range bounds(c) {
		if got != seconds[i]*second {
			t.Errorf("%s: the phases begin and end at %v, want %v s", what, bounds(c), seconds)
			return
		}
	}
}

func TestNobodyChangesIt(t *testing.T) {
	c := three()
	want(t, c, "straight", 0, 10, 20, 30)
	if w := c.Way(); !w.Straight() || w.At(-2*second) != -2*second || w.Plan(-2*second) != -2*second || w.Plan(12*second) != 12*second {
		t.Error("a straight way is not straight")
	}
	if c.Present(-1) != -1 || c.Present(10*second) != 1 || c.Present(30*second) != -1 || c.Next(25*second) != -1 || c.Next(5*second) != 1 {
		t.Error("present and next")
	}
}

func TestHoldAndGo(t *testing.T) {
	c := three()
	_, turned := c.Look()
	check(t, c.Hold(12*second))
	<-turned
	want(t, c, "held", 0, 10, Never/second, Never/second)
	if c.Present(100*second) != 1 || c.Way().Plan(100*second) != 12*second {
		t.Error("a held phase goes on")
	}
	if onward := c.Onward(20 * second); onward.Total() != 38*second {
		t.Errorf("would end at %v", onward.Total())
	}
	check(t, c.Go(20*second))
	want(t, c, "gone on", 0, 10, 28, 38)
	if c.Way().At(12*second) != 12*second || c.Way().At(12*second+1) != 20*second+1 || c.Way().Plan(15*second) != 12*second {
		t.Error("the time of a hold")
	}
}

func TestEndAndLeaveOut(t *testing.T) {
	c := three()
	check(t, c.End(4*second))
	want(t, c, "ended", 0, 4, 14, 24)
	if c.Way().At(5*second) != 4*second || c.Way().Plan(4*second) != 10*second {
		t.Error("what is leapt over comes at the leap")
	}
	phase, err := c.LeaveOut(6 * second)
	check(t, err)
	want(t, c, "left out", 0, 4, 14, 14)
	if phase != 2 || c.Next(6*second) != -1 {
		t.Errorf("left out is %d, next is %d", phase, c.Next(6*second))
	}
	if _, err := c.LeaveOut(7 * second); err == nil {
		t.Error("the last one is left out twice")
	}
	check(t, c.Hold(8*second))
	check(t, c.End(9*second))
	want(t, c, "ended out of a hold, and leapt on", 0, 4, 9, 9)
	if c.Held() || !c.Over(9*second) || !errors.Is(c.Hold(9*second), ErrOver) {
		t.Error("it is not over")
	}
}

func TestLeaveOutWhatComesNext(t *testing.T) {
	c := three()
	_, err := c.LeaveOut(0)
	check(t, err)
	want(t, c, "left out", 0, 10, 10, 20)
	check(t, c.Hold(5*second))
	check(t, c.Go(7*second))
	want(t, c, "held before it", 0, 12, 12, 22)
}

// Whatever is done to it: time never goes back, what has been stays as it was, and the two ways of asking agree.
func TestAnyCourse(t *testing.T) {
	for seed := range uint64(2000) {
		chance := rand.New(rand.NewPCG(seed, 1))
		c := three()
		now := time.Duration(0)
		for range 12 {
			before := c.Way()
			now += time.Duration(chance.IntN(4000)) * time.Millisecond
			switch chance.IntN(4) {
			case 0:
				_ = c.Hold(now)
			case 1:
				_ = c.Go(now)
			case 2:
				_ = c.End(now)
			case 3:
				_, _ = c.LeaveOut(now)
			}
			way := c.Way()
			last := -second
			for plan := time.Duration(0); plan <= 30*second; plan += second / 2 {
				at := way.At(plan)
				if at < last {
					t.Fatalf("seed %d: %v of the plan comes at %v, before what is before it at %v", seed, plan, at, last)
				}
				if was := before.At(plan); was < now && was != at {
					t.Fatalf("seed %d: %v of the plan came at %v, and now is said to have come at %v", seed, plan, was, at)
				}
				if at < Never && way.Plan(at) < plan {
					t.Fatalf("seed %d: %v of the plan comes at %v, where it is %v", seed, plan, at, way.Plan(at))
				}
				last = at
			}
		}
	}
}
