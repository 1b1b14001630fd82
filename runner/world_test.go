package runner_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

const second = time.Second

// world is one fake run; change it before it is run.
type world struct {
	engine *fakeEngine
	system *fakeSystem
	loader *fakeLoader
	o      runner.Options
	seen   []record.Status
}

// bubble runs f with a world in virtual time.
func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{system: newSystem(), loader: &fakeLoader{rate: 100}}
		w.system.loader = w.loader
		w.engine = &fakeEngine{system: w.system}
		w.o = runner.Options{
			Plan: plan([2]time.Duration{10 * second, 20 * second}), Engine: w.engine, Loader: w.loader, Run: "r1",
			Watch: func(s record.Status) { w.seen = append(w.seen, s) },
		}
		f(t, w)
	})
}

func (w *world) wantLog(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.system.log); diff != "" {
		t.Errorf("what was done to the system (-want +got):\n%s", diff)
	}
}
