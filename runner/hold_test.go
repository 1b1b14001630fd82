package runner_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
)

// What is kept up after a run takes orders: what people put on is in force, and off by its end; phases there are none any more; who aborts it ends it.
// The record has nothing of it, the events as they happen have.
func TestOrdersToWhatIsKept(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &runner.Hands{}
		var events strings.Builder
		w.o.Hands, w.o.Events = h, &events
		var standing runner.Standing
		ended := time.Duration(0)
		w.o.Hold = func(ctx context.Context, held runner.Held) {
			time.Sleep(100 * second)
			must(h.Inject(t.Context(), ann, slowFor(2*second)))
			must(h.Inject(t.Context(), ann, slowFor(time.Hour)))
			standing = must(h.Status(t.Context()))
			time.Sleep(3 * second)
			if off := must(h.Clear(t.Context(), ann, 0)); !slices.Equal(off, []int{2}) {
				t.Errorf("cleared %v, want what is on: [2]", off)
			}
			must(h.Inject(t.Context(), ann, slowFor(time.Hour)))
			_, err := h.Hold(t.Context(), ann, time.Minute)
			wantError(t, err, "the run is over, and its system is kept up: no phase is under way; inject, clear, note, mark and abort do work")
			_ = h.Note(t.Context(), ann, "all done")
			if err := h.Abort(t.Context(), ann, ""); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			ended = time.Since(w.system.begin.Add(zero))
		}
		res, err := runner.Run(t.Context(), w.o)
		if err != nil {
			t.Fatal(err)
		}
		if standing.State != "kept" || standing.Phase != "" || len(standing.On) != 2 || standing.On[1].Until < time.Hour {
			t.Errorf("standing: %+v", standing)
		}
		if len(res.Actions) != 0 || res.Partial || res.DurationS != 30 || w.system.on["users:api-1"] != 0 || ended < 133*second || ended > 134*second {
			t.Errorf("actions %+v, partial %v after %v s; left on %v, kept until %v", res.Actions, res.Partial, res.DurationS, w.system.on, ended)
		}
		for _, want := range []string{"latency 100ms on api (by ann, squall ctl): on", "latency 100ms on api (by ann, squall ctl): off", "all done (by ann, squall ctl)", "aborted (by ann, squall ctl)"} {
			if !strings.Contains(events.String(), want) {
				t.Errorf("%s is not among\n%s", want, events.String())
			}
		}
		if n := strings.Count(events.String(), "): off"); n != 3 {
			t.Errorf("%d acts are off", n)
		}
		if _, err := h.Status(t.Context()); !errors.Is(err, runner.ErrOver) {
			t.Errorf("after it: %v", err)
		}
	})
}
