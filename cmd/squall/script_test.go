package main

import (
	"bufio"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this very program under its name, and tests wait for it beside each other: they wait far more than they compute.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"squall": main})
}

// The command line as its users know it: what is typed, what is said and where, and the exit code. Scripts say
//
//	exits 2 squall run nothing.yaml
//	interrupts 'phase steady' squall run FILE...
//
// besides testscript's own commands: the first holds the exit code, the second sends Ctrl-C once that has been said
// on standard error. No container engine answers there, so that they come out alike on every machine.
func TestScripts(t *testing.T) {
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("SQUALL_STATE", filepath.Join(e.WorkDir, ".state"))
			e.Setenv("DOCKER_HOST", "unix://"+filepath.Join(e.WorkDir, ".no-engine"))
			e.Setenv("SCENARIOS", testdata)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "interrupts": interrupts},
	})
}

// exits runs a command and holds it to an exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGS...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended, is := errors.AsType[*exec.ExitError](err)
		if !is {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit %d, want %d", got, want)
	}
}

// interrupts runs a command, sends it Ctrl-C once it has said a text, and wants it to end with 130.
func interrupts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupts TEXT COMMAND [ARGS...]")
	}
	command := exec.Command(args[1], args[2:]...)
	command.Dir = ts.MkAbs(".")
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	for _, name := range []string{"SQUALL_STATE", "DOCKER_HOST"} {
		command.Env = append(command.Env, name+"="+ts.Getenv(name))
	}
	command.Stdout = ts.Stdout()
	said, err := command.StderrPipe()
	ts.Check(err)
	ts.Check(command.Start())
	timeout := time.AfterFunc(2*time.Minute, func() { _ = command.Process.Kill() })
	defer timeout.Stop()
	sent := false
	for lines := bufio.NewScanner(said); lines.Scan(); {
		_, _ = ts.Stderr().Write(append(lines.Bytes(), '\n'))
		if !sent && strings.Contains(lines.Text(), args[0]) {
			ts.Check(command.Process.Signal(os.Interrupt))
			sent = true
		}
	}
	err = command.Wait()
	if !sent {
		ts.Fatalf("it never said %q: %v", args[0], err)
	}
	if ended, is := errors.AsType[*exec.ExitError](err); !is || ended.ExitCode() != 130 {
		ts.Fatalf("interrupted, it ended with %v; want exit status 130", err)
	}
}
