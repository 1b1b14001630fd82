package spawn_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/remote"
	"github.com/squallhq/squall/runner/load/spawn"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Two generators with a processor each manage more than one, by the CPU time that a request takes them.
func TestTwoManageMoreThanOne(t *testing.T) {
	t.Setenv("SQUALL_STATE", t.TempDir())
	address := startServer(t)
	capacity := func(n int) float64 {
		l, done := children(n, 1)
		defer done()
		got, recorder := drive(t, l, address, 0, time.Second)
		if err := recorder.Balance(); err != nil || got.Sent < 1000 {
			t.Errorf("%d generators sent %d: %v", n, got.Sent, err)
		}
		return float64(n) * float64(got.Sent) / got.Figures.CPU.Seconds()
	}
	one, two := capacity(1), capacity(2)
	t.Logf("one %.0f/s, two %.0f/s: %.2f", one, two, two/one)
	if two < 1.2*one {
		t.Errorf("two generators manage %.0f/s, one %.0f/s", two, one)
	}
}

func ignored(record.Sample) {}

// ledgers are those of runs that have not ended.
func ledgers(t *testing.T, state string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(state, "runs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// A child that is killed is lost with its signal, nothing is left of the others, and a child whose program fails says what that said.
func TestChildren(t *testing.T) {
	state, dir := t.TempDir(), t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	t.Setenv(roleEnv, generator)
	address := startServer(t)
	s := spawn.New(spawn.Options{Exe: os.Args[0], Args: []string{"--"}})
	var links []remote.Link
	start := func(ctx context.Context, stage runner.Stage, index int) (remote.Link, error) {
		l, err := s.Start(ctx, stage, index)
		links = append(links, l)
		return l, err
	}
	o := order.Order{
		Loads: []*scenarios.Load{{Name: "users", To: "web", Rate: 200, Requests: []scenarios.Request{{Send: "GET /"}}}}, Until: 3 * time.Second,
		Edges: map[string][]order.Edge{"users": {{Name: "users:web-1", Address: address}}},
	}
	inner, stop, err := remote.New(remote.Options{Generators: 1, Start: start, Done: s.Close, Squall: "test"}).Stage(t.Context(), runner.Stage{Run: "r-1", Dir: dir, Order: o})
	if err != nil {
		t.Fatal(err)
	}
	if left := ledgers(t, state); len(left) != 1 {
		t.Errorf("ledgers %v, want one", left)
	}
	data, err := os.ReadFile(ledgers(t, state)[0])
	if err != nil || !strings.Contains(string(data), `"name":"generator-1"`) {
		t.Errorf("%v: %s", err, data)
	}
	pid := spawn.PID(links[0])
	time.AfterFunc(time.Second, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	_, err = inner.Drive(t.Context(), runner.Drive{Order: o, Zero: time.Now().Add(100 * time.Millisecond), Record: ignored})
	if err == nil || !strings.Contains(err.Error(), "every generator was lost: generator-1: lost: its process ended: signal: killed") {
		t.Errorf("%v", err)
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
	if left := ledgers(t, state); len(left) > 0 {
		t.Errorf("ledgers left: %v", left)
	}

	t.Setenv(roleEnv, "")
	wrong := spawn.New(spawn.Options{Exe: os.Args[0], Args: []string{"-test.no-such-flag"}})
	_, _, err = remote.New(remote.Options{Generators: 1, Start: wrong.Start, Done: wrong.Close}).Stage(t.Context(), runner.Stage{Run: "r-2", Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "generator-1: its process ended: exit status 2; its log ends with: ") {
		t.Errorf("%v", err)
	}
	if left := ledgers(t, state); len(left) > 0 {
		t.Errorf("ledgers left: %v", left)
	}
}
