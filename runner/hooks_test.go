package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/hooks"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// called notes which hooks were run, and when.
type called struct {
	mu    sync.Mutex
	seen  []string
	takes time.Duration
	exit  int
}

func (c *called) run(ctx context.Context, h scenarios.Hook, m hooks.Moment) (int, error) {
	c.mu.Lock()
	c.seen = append(c.seen, fmt.Sprintf("%s %s%s %s at %s", h.Run[0], m.Phase, m.Fault, m.When, m.At))
	c.mu.Unlock()
	select {
	case <-time.After(c.takes):
		return c.exit, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func hookEvents(res *record.Result) (out []string) {
	for _, e := range res.Events {
		if e.Kind == "hook" {
			out = append(out, fmt.Sprintf("%.1f %s", e.AtS, e.Text))
		}
	}
	return out
}

func (w *world) hook(all ...scenarios.Hook) {
	w.o.Plan.Scenario.Hooks = all
}

// Hooks are run where phases and faults begin and end, and hold up nothing.
func TestHooks(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		fault := w.o.Plan.Faults[0].Fault.Kind.String()
		w.hook(scenarios.Hook{At: "slow", Run: []string{"a"}}, scenarios.Hook{At: "slow", When: "end", Run: []string{"b"}},
			scenarios.Hook{At: fault, Run: []string{"c"}}, scenarios.Hook{At: fault, When: "end", Run: []string{"d"}}, scenarios.Hook{At: "recovery", Run: []string{"e"}, Timeout: time.Minute})
		c := &called{takes: 15 * time.Second, exit: 1}
		w.o.Hook = c.run
		w.system.injectTakes = second
		res := must(runner.Run(context.Background(), w.o))
		w.wantLog(t, "11s inject api-1:db-1", "20s undo api-1:db-1", "35s down") // as without hooks, but for the last one that is waited for
		want := []string{"a slow begin at 10s", "c " + fault + " begin at 11s", "d " + fault + " end at 20s", "e recovery begin at 20s", "b slow end at 20s"}
		if diff := cmp.Diff(sorted(want), sorted(c.seen)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		events := []string{"20.0 hook a at the begin of slow failed: it had not ended within 10s, and was killed",
			"21.0 hook c at the begin of " + fault + " failed: it had not ended within 10s, and was killed",
			"30.0 hook b at the end of slow failed: it had not ended within 10s, and was killed",
			"30.0 hook d at the end of " + fault + " failed: it had not ended within 10s, and was killed",
			"35.0 hook e at the begin of recovery failed: exit code 1 after 15s"} // it was waited for
		if diff := cmp.Diff(events, sorted(hookEvents(res))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A run that is cut short ends its phase and its fault, and says so to their hooks.
func TestHooksOfACutRun(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		fault := w.o.Plan.Faults[0].Fault.Kind.String()
		w.hook(scenarios.Hook{At: "slow", When: "end", Run: []string{"b"}}, scenarios.Hook{At: fault, When: "end", Run: []string{"d"}},
			scenarios.Hook{At: "recovery", When: "end", Run: []string{"e"}})
		c := &called{takes: second}
		w.o.Hook = c.run
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(zero+15*second, func() { cancel(errors.New("somebody has had enough")) })
		res, err := runner.Run(ctx, w.o)
		wantError(t, err, "somebody has had enough")
		if diff := cmp.Diff([]string{"b slow end at 15s", "d " + fault + " end at 15s"}, sorted(c.seen)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"16.0 hook b at the end of slow: exit code 0 after 1s", "16.0 hook d at the end of " + fault + ": exit code 0 after 1s"}, sorted(hookEvents(res))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Where no hooks are carried out, the record says which were not.
func TestHooksNotRun(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.hook(scenarios.Hook{At: "slow", Run: []string{"a"}})
		res := must(runner.Run(context.Background(), w.o))
		want := []string{"-2.1 hook a at the begin of slow is not run: this run carries out no hooks (squall run --allow-hooks does, in real time)"}
		if diff := cmp.Diff(want, hookEvents(res)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// People are told that a fault comes, and when.
func TestCountdown(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.o.Plan.Faults[0].Fault.Countdown = 4 * second
		coming := func(want []runner.Coming) func(*runner.Hands) {
			return func(h *runner.Hands) {
				if diff := cmp.Diff(want, must(h.Status(t.Context())).Coming); diff != "" {
					t.Errorf("coming (-want +got):\n%s", diff)
				}
			}
		}
		text := w.o.Plan.Faults[0].Fault.Kind.String() + " on api -> db"
		res, err := w.turn(at{5500 * time.Millisecond, coming(nil)}, at{7 * second, coming([]runner.Coming{{Text: text, At: 10 * second}})}, at{11 * second, coming(nil)})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(res.Events, record.Event{AtS: 6, Kind: "countdown", Text: "in 4s: " + text}); n != 1 {
			t.Errorf("its event is there %d times in %v", n, res.Events)
		}
	})
}

// Who ends a phase before a countdown in it brings its fault on at once: it is not said to come. One that had begun was said.
func TestCountdownThatIsLeaptOver(t *testing.T) {
	for name, c := range map[string]struct {
		next time.Duration
		want int
	}{"before it": {4300 * time.Millisecond, 0}, "in it": {7300 * time.Millisecond, 1}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.o.Plan.Faults[0].Fault.Countdown = 4 * second
				res, err := w.turn(at{c.next, func(h *runner.Hands) { must(h.Next(t.Context(), ann)) }})
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				for _, e := range res.Events {
					if e.Kind == "countdown" {
						n++
					}
				}
				if n != c.want {
					t.Errorf("%d countdowns in %v, want %d", n, res.Events, c.want)
				}
			})
		})
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
