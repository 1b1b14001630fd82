package load_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// turns are changes of a course at times of a drive.
type turns []struct {
	at time.Duration
	do func(c *course.Course, at time.Duration) error
}

// steered drives a load over two phases of 5 s, with turns.
func steered(t *testing.T, l *scenarios.Load, with turns) driven {
	t.Helper()
	return virtually(t, []*scenarios.Load{l}, 10*time.Second, serves(10*time.Millisecond), func(d *runner.Drive, _ *pipes) {
		d.Course = course.New([]course.Phase{{Name: "a", End: 5 * time.Second}, {Name: "b", Start: 5 * time.Second, End: 10 * time.Second}})
		go func() {
			for _, one := range with {
				time.Sleep(time.Until(d.Zero.Add(one.at)))
				if err := one.do(d.Course, one.at); err != nil {
					t.Errorf("at %s: %v", one.at, err)
				}
			}
		}()
	})
}

func perSecond(samples []record.Sample) (out []int) {
	for _, s := range samples {
		second := int(s.Intended / time.Second)
		for len(out) <= second {
			out = append(out, 0)
		}
		out[second]++
	}
	return out
}

func hold(c *course.Course, at time.Duration) error { return c.Hold(at) }
func goOn(c *course.Course, at time.Duration) error { return c.Go(at) }
func end(c *course.Course, at time.Duration) error  { return c.End(at) }
func skip(c *course.Course, at time.Duration) error { _, err := c.LeaveOut(at); return err }

// A load keeps to its rates by the plan's time: while that stands still it sends on as it was, and what it leaps over is not sent.
func TestLoadsKeepToTheCourse(t *testing.T) {
	t.Parallel()
	steps := []scenarios.Stage{{For: 5 * time.Second, Rate: 100}, {For: 5 * time.Second, Rate: 200}}
	ramp := []scenarios.Stage{{For: 10 * time.Second, From: 100, To: 300}}
	between := 500 * time.Microsecond
	for name, c := range map[string]struct {
		stages []scenarios.Stage
		turns  turns
		want   []int
	}{
		"nobody steers":             {steps, nil, []int{100, 100, 100, 100, 100, 200, 200, 200, 200, 200}},
		"held for 3 s":              {steps, turns{{3*time.Second + between, hold}, {6*time.Second + between, goOn}}, []int{100, 100, 100, 100, 100, 100, 100, 100, 200, 200, 200, 200, 200}},
		"held at its end":           {steps, turns{{9*time.Second + 999*time.Millisecond + between, hold}, {11*time.Second + 999*time.Millisecond + between, goOn}}, []int{100, 100, 100, 100, 100, 200, 200, 200, 200, 200, 200, 200}},
		"ended":                     {steps, turns{{2 * time.Second, end}}, []int{100, 100, 200, 200, 200, 200, 200}},
		"ended twice":               {steps, turns{{2 * time.Second, end}, {4 * time.Second, end}}, []int{100, 100, 200, 200}},
		"left out":                  {steps, turns{{2 * time.Second, skip}}, []int{100, 100, 100, 100, 100}},
		"a ramp that is held":       {ramp, turns{{5 * time.Second, hold}, {7 * time.Second, goOn}}, []int{110, 130, 150, 170, 190, 200, 200, 210, 230, 250, 270, 290}},
		"held at nothing":           {[]scenarios.Stage{{For: 5 * time.Second, Rate: 0, Level: true}, {For: 5 * time.Second, Rate: 50}}, turns{{time.Second, hold}, {3 * time.Second, goOn}}, []int{0, 0, 0, 0, 0, 0, 0, 50, 50, 50, 50, 50}},
		"ended where nothing comes": {[]scenarios.Stage{{For: 5 * time.Second, Rate: 0, Level: true}, {For: 5 * time.Second, Rate: 50}}, turns{{time.Second, end}}, []int{0, 50, 50, 50, 50, 50}},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(0)
			l.Stages = c.stages
			got := steered(t, l, c.turns)
			seqs(t, l, got.samples)
			if per := perSecond(got.samples); fmt.Sprint(per) != fmt.Sprint(c.want) {
				t.Errorf("requests per second %v, want %v", per, c.want)
			}
			for _, s := range got.samples {
				if s.Sent != s.Intended || s.Outcome != record.OK {
					t.Fatalf("%+v", s)
				}
			}
			if got.generator.AchievedRate != got.generator.IntendedRate || got.generator.Intended != int64(len(got.samples)) {
				t.Errorf("%+v", got.generator)
			}
		})
	}
}

// Somebody changes a load's pace: from then on it sends so many times what the plan has, or at a rate of its own, held or not.
func TestLoadsKeepToTheirPace(t *testing.T) {
	t.Parallel()
	pace := func(p course.Pace) func(*course.Course, time.Duration) error {
		return func(c *course.Course, at time.Duration) error { return c.Pace(at, p, "users") }
	}
	steps := []scenarios.Stage{{For: 5 * time.Second, Rate: 100}, {For: 5 * time.Second, Rate: 200}}
	for name, c := range map[string]struct {
		turns turns
		want  []int
	}{
		"twice, and back":     {turns{{2 * time.Second, pace(course.Pace{Times: 2})}, {7 * time.Second, pace(course.Pace{Times: 1})}}, []int{100, 100, 200, 200, 200, 400, 400, 200, 200, 200}},
		"a rate of its own":   {turns{{2 * time.Second, pace(course.Pace{Rate: 50})}}, []int{100, 100, 50, 50, 50, 50, 50, 50, 50, 50}},
		"nothing, and back":   {turns{{2 * time.Second, pace(course.Pace{})}, {4 * time.Second, pace(course.Pace{Times: 1})}}, []int{100, 100, 0, 0, 100, 200, 200, 200, 200, 200}},
		"of another load":     {turns{{2 * time.Second, func(c *course.Course, at time.Duration) error { return c.Pace(at, course.Pace{Times: 2}, "others") }}}, []int{100, 100, 100, 100, 100, 200, 200, 200, 200, 200}},
		"held, and twice":     {turns{{2 * time.Second, hold}, {3 * time.Second, pace(course.Pace{Times: 2})}, {4 * time.Second, goOn}}, []int{100, 100, 100, 200, 200, 200, 200, 400, 400, 400, 400, 400}},
		"twice, and then end": {turns{{2 * time.Second, pace(course.Pace{Times: 2})}, {3 * time.Second, end}}, []int{100, 100, 200, 400, 400, 400, 400, 400}},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(0)
			l.Stages = steps
			got := steered(t, l, c.turns)
			seqs(t, l, got.samples)
			if per := perSecond(got.samples); fmt.Sprint(per) != fmt.Sprint(c.want) {
				t.Errorf("requests per second %v, want %v", per, c.want)
			}
		})
	}
}

// What was drawn stays as it was drawn: a hold moves what comes after it, and until it nothing.
func TestTheDrawsStay(t *testing.T) {
	t.Parallel()
	for _, shape := range []string{"poisson", "bursty"} {
		l := open(100)
		l.Arrivals, l.Burst = shape, 5
		straight, held := steered(t, l, nil).samples, steered(t, l, turns{{3 * time.Second, hold}, {5 * time.Second, goOn}}).samples
		if n := len(held) - len(straight); n < 120 || n > 280 {
			t.Errorf("%s: %d more in 2 s of a hold at 100/s", shape, n)
		}
		for i := range straight {
			if straight[i].Intended-held[i].Intended > time.Microsecond || held[i].Intended-straight[i].Intended > time.Microsecond {
				t.Fatalf("%s: request %d is intended at %s, and at %s where the run is held", shape, i, straight[i].Intended, held[i].Intended)
			}
		}
	}
}

// Closed users go on while a phase is held, those too that think for longer than was left, and stop when it ends.
func TestClosedUsersKeepToTheCourse(t *testing.T) {
	t.Parallel()
	l := &scenarios.Load{Name: "users", To: "web", Users: 4, Think: &scenarios.Work{Mean: 2990 * time.Millisecond}, Requests: []scenarios.Request{{Send: "GET /"}}}
	last := func(of driven) time.Duration {
		return slices.MaxFunc(of.samples, func(a, b record.Sample) int { return int(a.Intended - b.Intended) }).Intended
	}
	if got := steered(t, l, turns{{9900 * time.Millisecond, hold}, {20 * time.Second, goOn}}); len(got.samples) < 24 || last(got) < 17*time.Second || last(got) > 20100*time.Millisecond {
		t.Errorf("held: %d requests, the last at %s", len(got.samples), last(got))
	}
	got := steered(t, l, turns{{time.Second, end}, {2 * time.Second, end}})
	if last(got) >= 2*time.Second || got.took > 2*time.Second+20*time.Millisecond {
		t.Errorf("ended: the last at %s, over after %s", last(got), got.took)
	}
}
