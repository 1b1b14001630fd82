package runner_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// ann is a person.
var ann = runner.By{Who: "ann", Door: "squall ctl"}

// slowFor is a fault of 100 ms on what users call, as a person puts it on.
func slowFor(lasts time.Duration) topology.ResolvedFault {
	kind := faults.Latency{Delay: 100 * time.Millisecond}
	return topology.ResolvedFault{
		Fault: faults.Fault{Kind: kind, On: faults.Selector{Name: "api"}}, End: lasts,
		Primitives: kind.Compile(faults.Targets{Edges: []string{"users:api-1"}}),
	}
}

// steer runs a world with hands on it, which are called at a time from its zero, in turn.
func (w *world) steer(acts ...func(at time.Duration, h *runner.Hands)) (*record.Result, error) {
	h := &runner.Hands{}
	w.o.Hands = h
	var done sync.WaitGroup
	done.Go(func() {
		for n, act := range acts { // at no whole second: counters are read then
			at := time.Duration(n+1)*second + 300*time.Millisecond
			time.Sleep(time.Until(w.system.begin.Add(zero + at)))
			act(at, h)
		}
	})
	res, err := runner.Run(context.Background(), w.o)
	done.Wait()
	return res, err
}

// What a person puts on is in force when it is said to be, ends by itself or when it is cleared, and is in the record with who did it,
// what met it and when.
func TestActsOfPeople(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.system.injectTakes = 20 * time.Millisecond
		var first, second runner.On
		var standing runner.Standing
		res, err := w.steer(
			func(_ time.Duration, h *runner.Hands) {
				first = must(h.Inject(t.Context(), ann, slowFor(1500*time.Millisecond)))
			},
			func(_ time.Duration, h *runner.Hands) { standing = must(h.Status(t.Context())) },
			func(_ time.Duration, h *runner.Hands) { second = must(h.Inject(t.Context(), ann, slowFor(time.Hour))) },
			func(_ time.Duration, h *runner.Hands) {
				if off := must(h.Clear(t.Context(), ann, 0)); !slices.Equal(off, []int{2}) {
					t.Errorf("cleared %v, want what is on: [2]", off)
				}
			},
			func(_ time.Duration, h *runner.Hands) { _ = h.Note(t.Context(), ann, "the pager rang") },
			func(_ time.Duration, h *runner.Hands) { _ = h.Mark(t.Context(), ann, "failover") },
		)
		if err != nil {
			t.Fatal(err)
		}
		if first.Act != 1 || first.Since != 1320*time.Millisecond || first.Until != 2800*time.Millisecond || second.Until != 30*time.Second {
			t.Errorf("acts %+v, %+v", first, second)
		}
		if len(standing.On) != 1 || standing.On[0].Act != 1 || standing.Phase != "steady" || standing.Elapsed != 2300*time.Millisecond {
			t.Errorf("standing: %+v", standing)
		}
		w.wantLog(t, "1.32s inject users:api-1", "2.8s undo users:api-1", "3.32s inject users:api-1", "4.3s undo users:api-1",
			"10.02s inject api-1:db-1", "20s undo api-1:db-1", "30.005s down")
		met := &record.Receipt{Met: true, Requests: 7, Connections: 2, DelayMs: 100, FullDelayMs: 100, Text: "2 connections, 7 requests, +100.0 ms each"}
		act := record.Action{AtS: 1.32, Who: record.ByHand, Person: "ann", Door: "squall ctl", What: "latency 100ms", On: "api",
			Act: 1, ExpiresS: ptr(2.8), UndoneS: ptr(2.8), Receipt: met}
		again := act
		again.AtS, again.Act, again.ExpiresS, again.UndoneS = 3.32, 2, ptr(30.), ptr(4.3)
		if diff := cmp.Diff([]record.Action{act, again}, res.Actions); diff != "" {
			t.Errorf("actions (-want +got):\n%s", diff)
		}
		for _, event := range []record.Event{
			{AtS: 1.32, Kind: "action", Text: "latency 100ms on api (by ann, squall ctl): on"},
			{AtS: 2.8, Kind: "action", Text: "latency 100ms on api (by ann, squall ctl): off"},
			{AtS: 4.3, Kind: "said", Text: "clear all acts (by ann, squall ctl)"},
			{AtS: 5.3, Kind: "said", Text: "the pager rang (by ann, squall ctl)"},
			{AtS: 6.3, Kind: "mark", Text: "failover (by ann, squall ctl)"},
		} {
			if n := count(res.Events, event); n != 1 {
				t.Errorf("%d events %+v among %+v", n, event, res.Events)
			}
		}
		if w.system.on["users:api-1"] != 0 {
			t.Errorf("left on: %v", w.system.on)
		}
	})
}

// An act that is over as soon as it is in force was in force: who asked for it is told so, as the record is.
func TestActsThatAreOverAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const acts = 100
		var people sync.WaitGroup
		res, err := w.steer(func(_ time.Duration, h *runner.Hands) {
			for range acts {
				people.Go(func() {
					if on, err := h.Inject(t.Context(), ann, slowFor(0)); err != nil || on.Act == 0 {
						t.Errorf("act %d: %v", on.Act, err)
					}
				})
			}
		})
		people.Wait()
		if err != nil || len(res.Actions) != acts {
			t.Errorf("%d acts in the record, error %v", len(res.Actions), err)
		}
	})
}

// What others did is told as theirs, whatever people put on before it, and however the list of it was made.
func TestActsBesideWhatOthersDo(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.system.touched = append(make([]runner.Touch, 0, 8), runner.Touch{At: w.system.begin.Add(zero + 5*second), Who: record.ByOutside, Door: "signal", What: "paused", On: "api-1"})
		res, err := w.steer(func(_ time.Duration, h *runner.Hands) { must(h.Inject(t.Context(), ann, slowFor(second))) })
		if err != nil {
			t.Fatal(err)
		}
		if n := count(res.Events, record.Event{AtS: 5, Kind: "action", Text: "paused on api-1 (from outside, signal)"}); n != 1 || len(res.Actions) != 2 || res.Actions[0].Act != 1 {
			t.Errorf("%d events of what others did among %+v, with actions %+v", n, res.Events, res.Actions)
		}
	})
}

// A person ends a run: everything is undone, and what was measured until then is the record.
func TestAbort(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		res, err := w.steer(
			func(_ time.Duration, h *runner.Hands) { must(h.Inject(t.Context(), ann, slowFor(time.Hour))) },
			func(_ time.Duration, h *runner.Hands) { _ = h.Abort(t.Context(), ann, "it hurts") },
			func(_ time.Duration, h *runner.Hands) {
				if err := h.Note(t.Context(), ann, "too late"); !errors.Is(err, runner.ErrOver) {
					t.Errorf("a run that has ended takes a note: %v", err)
				}
			},
		)
		aborted, is := errors.AsType[*runner.Aborted](err)
		if !is || aborted.Why != "it hurts" || !res.Partial || res.PartialWhy != "aborted (by ann, squall ctl): it hurts" || res.DurationS != 2.3 {
			t.Errorf("error %v, partial %v %q after %v s", err, res.Partial, res.PartialWhy, res.DurationS)
		}
		w.wantLog(t, "1.3s inject users:api-1", "2.3s undo users:api-1", "2.3s down")
	})
}

// What can't be done is refused, with what could be.
func TestRefusedActs(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		if _, err := (&runner.Hands{}).Status(t.Context()); !errors.Is(err, runner.ErrNotYet) {
			t.Errorf("before the launch: %v", err)
		}
		_, err := w.steer(
			func(_ time.Duration, h *runner.Hands) {
				_, err := h.Clear(t.Context(), ann, 3)
				wantError(t, err, "there is no act 3: nothing is on that a person put on")
			},
			func(_ time.Duration, h *runner.Hands) {
				must(h.Inject(t.Context(), ann, slowFor(time.Hour)))
				must(h.Clear(t.Context(), ann, 1))
				_, err := h.Clear(t.Context(), ann, 1)
				wantError(t, err, "act 1 is off already: nothing is on that a person put on")
			},
			func(_ time.Duration, h *runner.Hands) {
				w.system.injectErr = errors.New("no such edge")
				_, err := h.Inject(t.Context(), ann, slowFor(time.Hour))
				wantError(t, err, "could not be applied: no such edge")
				w.system.injectErr = nil
			},
		)
		if err != nil {
			t.Error(err)
		}
	})
}

// Whatever people do, at whatever moments and however many at once: nothing stays on, and the record has each act with its end.
func TestNothingIsLeftOfWhatPeopleDo(t *testing.T) {
	seeds := uint64(200)
	if testing.Short() {
		seeds = 40
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				chance := rand.New(rand.NewPCG(seed, 1))
				w.o.Watch = nil
				w.system.injectTakes, w.system.undoTakes = time.Duration(chance.IntN(100))*time.Millisecond, time.Duration(chance.IntN(100))*time.Millisecond
				h := &runner.Hands{}
				w.o.Hands = h
				put := 0
				var mu sync.Mutex
				var people sync.WaitGroup
				for person := range 3 {
					chance := rand.New(rand.NewPCG(seed, uint64(person)+2))
					people.Go(func() {
						by := runner.By{Who: fmt.Sprint("person ", person), Door: "squall ctl"}
						for range 10 {
							time.Sleep(time.Duration(chance.IntN(4000)) * time.Millisecond)
							switch chance.IntN(8) {
							case 0:
								_, _ = h.Clear(t.Context(), by, 0)
							case 1:
								_, _ = h.Clear(t.Context(), by, 1+chance.IntN(4))
							case 2:
								if chance.IntN(10) == 0 {
									_ = h.Abort(t.Context(), by, "enough")
								}
							case 3:
								_, _ = h.Status(t.Context())
							default:
								if _, err := h.Inject(t.Context(), by, slowFor(time.Duration(chance.IntN(5000))*time.Millisecond)); err == nil {
									mu.Lock()
									put++
									mu.Unlock()
								}
							}
						}
					})
				}
				res, _ := runner.Run(context.Background(), w.o)
				people.Wait()
				if w.system.on["users:api-1"] != 0 {
					t.Errorf("left on: %v", w.system.on)
				}
				if len(res.Actions) != put {
					t.Errorf("%d acts were told to be in force, %d are in the record", put, len(res.Actions))
				}
				for _, a := range res.Actions {
					if a.UndoneS == nil || *a.UndoneS < a.AtS || a.Receipt == nil || !strings.HasPrefix(a.Person, "person ") {
						t.Errorf("act without its end: %+v", a)
					}
				}
			})
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func ptr[T any](v T) *T { return &v }

func count(events []record.Event, event record.Event) (n int) {
	for _, e := range events {
		if e == event {
			n++
		}
	}
	return n
}
