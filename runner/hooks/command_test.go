package hooks_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/hooks"
	"github.com/squallhq/squall/scenarios"
)

// commands are those of a scenario with a script in its folder.
func commands(t *testing.T, script string) *hooks.Commands {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "page.sh"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	c := &hooks.Commands{Run: "r1", Scenario: "shop", Folder: dir, Log: filepath.Join(t.TempDir(), "hooks.log")}
	t.Cleanup(c.Close)
	return c
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var down = hooks.Moment{Phase: "down", When: scenarios.HookBegin, At: 1500 * time.Millisecond}

// A command is run in the scenario's folder with its words as they are, and its output is kept.
func TestCommand(t *testing.T) {
	c := commands(t, `echo "$SQUALL_RUN $SQUALL_SCENARIO $SQUALL_PHASE$SQUALL_FAULT $SQUALL_WHEN $SQUALL_AT"; pwd; echo "$1" >&2; exit 3`)
	exit, err := c.Carry(t.Context(), scenarios.Hook{At: "down", Run: []string{"./page.sh", "$HOME; a b"}}, down)
	if exit != 3 || err != nil {
		t.Errorf("exit code %d, %v", exit, err)
	}
	head := "[1.500s ./page.sh at the begin of down] "
	folder, _ := filepath.EvalSymlinks(c.Folder)
	if got, want := read(t, c.Log), head+"r1 shop down begin 1.500\n"+head+folder+"\n"+head+"$HOME; a b\n"; got != want {
		t.Errorf("the log:\n%s\nwant:\n%s", got, want)
	}
}

// gone waits until a process is no more.
func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if syscall.Kill(pid, 0) != nil || err == nil && strings.Contains(string(stat), ") Z ") {
			return // a zombie is its new parent's to wait for
		}
	}
	t.Errorf("process %d is there still", pid)
}

// What does not end in time is killed with what it has started, and so is what a command that ends leaves behind.
func TestLeavesNothing(t *testing.T) {
	for name, script := range map[string]string{"hangs": "sleep 100 & echo $! > child; wait", "leaves": "sleep 100 & echo $! > child"} {
		t.Run(name, func(t *testing.T) {
			c := commands(t, script)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			_, err := c.Carry(ctx, scenarios.Hook{At: "down", Run: []string{"./page.sh"}}, down)
			if hangs := name == "hangs"; hangs != (err != nil) {
				t.Errorf("it came to %v", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(read(t, filepath.Join(c.Folder, "child"))))
			if err != nil {
				t.Fatal(err)
			}
			gone(t, pid)
		})
	}
}

// The log does not grow without bound.
func TestLogIsBounded(t *testing.T) {
	c := commands(t, "yes | head -c 4000000")
	if exit, err := c.Carry(t.Context(), scenarios.Hook{At: "down", Run: []string{"./page.sh"}}, down); exit != 0 || err != nil {
		t.Errorf("exit code %d, %v", exit, err)
	}
	if got := read(t, c.Log); len(got) > 1<<20+100 || !strings.HasSuffix(got, "\n(more is left out)\n") {
		t.Errorf("%d bytes, which end in %q", len(got), got[max(0, len(got)-30):])
	}
}

func TestMissing(t *testing.T) {
	c := commands(t, "")
	if err := c.Missing([]scenarios.Hook{{At: "down", Run: []string{"./page.sh"}}, {At: "down", Run: []string{"sh", "-c", "true"}}}); err != nil {
		t.Error(err)
	}
	for _, program := range []string{"./other.sh", "no-such-program-anywhere"} {
		if err := c.Missing([]scenarios.Hook{{At: "down", Run: []string{program}}}); err == nil || !strings.Contains(err.Error(), program) {
			t.Errorf("%s: %v", program, err)
		}
	}
	if exit, err := c.Carry(t.Context(), scenarios.Hook{At: "down", Run: []string{"./other.sh"}}, down); err == nil || !strings.Contains(err.Error(), "could not be started") {
		t.Errorf("exit code %d, %v", exit, err)
	}
}
