package process_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/enginetest"
	"github.com/squallhq/squall/runner/engine/process"
	"github.com/squallhq/squall/runner/lease"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

const patience = 10 * time.Second

// onLinux skips what looks processes up by their environment.
func onLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are looked up in /proc")
	}
}

// processes are the run's processes by instance, from their environments.
func processes(run string) map[string]int {
	out := map[string]int{}
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environments {
		data, err := os.ReadFile(path)
		variables := strings.Split(string(data), "\x00")
		if err != nil || !slices.Contains(variables, lease.Marker+"="+run) {
			continue
		}
		for _, v := range variables {
			if name, ok := strings.CutPrefix(v, "SQUALL_INSTANCE="); ok {
				out[name], _ = strconv.Atoi(filepath.Base(filepath.Dir(path)))
			}
		}
	}
	return out
}

// left is what a run has left here.
func left(t *testing.T, run, state string) []string {
	t.Helper()
	var out []string
	for name := range processes(run) {
		out = append(out, "process of "+name)
	}
	temp, _ := filepath.Glob(filepath.Join(os.TempDir(), lease.FolderPrefix+run+"*"))
	ledgers, _ := filepath.Glob(filepath.Join(state, "runs", run+"*"))
	return append(append(out, temp...), ledgers...)
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

func launch(t *testing.T, p *topology.Plan, run string) (runner.System, string, error) {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := newEngine(t).Launch(ctx, runner.Launch{Plan: p, Run: run, Dir: dir, Progress: func(string) {}})
	if err == nil {
		t.Cleanup(func() {
			if err := s.Down(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	return s, dir, err
}

func TestCheckRefusesWhatNeedsContainers(t *testing.T) {
	onLinux(t) // elsewhere nobody is told to use a local command
	p := enginetest.Plan(t)
	if err := process.New(process.Options{}).Check(p); err != nil {
		t.Errorf("Check of built-in nodes: %v", err)
	}
	p.Scenario.Nodes[1].Image = "postgres:16"
	cpu := faults.Primitive{Op: faults.OpCPU, Instance: "api-1", CPUs: 0.5}
	p.Faults = []topology.ResolvedFault{{
		Fault: faults.Fault{Kind: faults.Latency{Delay: time.Second}}, Phase: "only", Primitives: []faults.Primitive{cpu},
	}}
	want := `node "db" wants image "postgres:16", and the process engine runs built-in nodes alone; add stand_in: {kind: database}, or local: [PROGRAM, ...] with the command of this machine that does it, or use --engine docker
fault "latency 1s" in phase "only": limiting the CPU of instance "api-1" needs containers; use --engine docker`
	if diff := cmp.Diff(want, fmt.Sprint(process.New(process.Options{}).Check(p))); diff != "" {
		t.Errorf("Check (-want +got):\n%s", diff)
	}
}

// An instance that ends while it starts is reported with its last words, and nothing is left of the others.
func TestInstanceThatCannotStart(t *testing.T) {
	onLinux(t)
	state := t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	p := enginetest.Plan(t)
	p.Scenario.Nodes[0].Endpoints = append(p.Scenario.Nodes[0].Endpoints, &scenarios.Endpoint{Match: "GET /a/{"})
	_, dir, err := launch(t, p, "cannot-start")
	if err == nil || !strings.Contains(err.Error(), `start "api-`) || !strings.Contains(err.Error(), "its log ends with") ||
		!strings.Contains(err.Error(), "/a/{") {
		t.Errorf("error %v, want the instance and its last words", err)
	}
	if found := left(t, "cannot-start", state); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
	// The first of the two that fails has the other one ended, which then may have said nothing.
	one, _ := os.ReadFile(filepath.Join(dir, "logs", "api-1.log"))
	two, _ := os.ReadFile(filepath.Join(dir, "logs", "api-2.log"))
	if !bytes.Contains(append(one, two...), []byte("/a/{")) {
		t.Errorf("logs: %q and %q", one, two)
	}
}

// A child that lives and says nothing is given up, with its last words, and ended.
func TestChildThatSaysNothing(t *testing.T) {
	onLinux(t)
	state := t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	e := process.New(process.Options{Exe: os.Args[0], Args: []string{"mute"}, Health: 500 * time.Millisecond})
	_, err := e.Launch(t.Context(), runner.Launch{Plan: enginetest.Plan(t), Run: "mute", Progress: func(string) {}})
	if want := `start "mesh": it was not healthy within 500ms; its log ends with: I say nothing`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if found := left(t, "mute", state); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
}

// Limits that processes can't be held to are told.
func TestLimitsAreTold(t *testing.T) {
	t.Setenv("SQUALL_STATE", t.TempDir())
	p := enginetest.Plan(t)
	p.Scenario.Nodes[1].CPUs = 0.5
	var said []string
	s, err := newEngine(t).Launch(t.Context(), runner.Launch{Plan: p, Run: "limits", Progress: func(m string) { said = append(said, m) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Down(t.Context()); err != nil {
		t.Error(err)
	}
	if want := "not enforced without containers: the CPU and memory limits of db"; said[0] != want {
		t.Errorf("said %q, want %q first", said, want)
	}
}

func TestDownLeavesNothing(t *testing.T) {
	onLinux(t)
	state := t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	plan := enginetest.Plan(t)
	s, _, err := launch(t, plan, "down")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for name := range processes("down") {
		names = append(names, name)
	}
	slices.Sort(names)
	want := []string{"mesh"}
	for _, i := range plan.Instances {
		want = append(want, i.Name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
	// A paused instance can't end by itself.
	if _, err := s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpPause, Instance: "api-2"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Down(t.Context()); err != nil {
		t.Error(err)
	}
	if found := left(t, "down", state); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
	if _, err := s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpKill, Instance: "api-2"}}); err == nil {
		t.Error("a system that was taken down took a fault")
	}
}

func TestDeathIsTold(t *testing.T) {
	onLinux(t)
	t.Setenv("SQUALL_STATE", t.TempDir())
	s, _, err := launch(t, enginetest.Plan(t), "death")
	if err != nil {
		t.Fatal(err)
	}
	undo, err := s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpKill, Instance: "api-2"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(processes("death")["api-1"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.Died():
		want := `instance "api-1" was ended from outside: killed (SIGKILL, if not by the kernel for want of memory) (signal)`
		if err.Error() != want {
			t.Errorf("died: %q, want %q", err, want)
		}
	case <-time.After(patience):
		t.Error("nobody told that an instance had died")
	}
	select {
	case err := <-s.Died():
		t.Errorf("another death: %v", err)
	default:
	}
}

// What others do to children is told, and what we do is not.
func TestWhatOthersDoIsTold(t *testing.T) {
	onLinux(t)
	t.Setenv("SQUALL_STATE", t.TempDir())
	signal := func(s syscall.Signal) func(*testing.T, string, string) {
		return func(t *testing.T, run, instance string) {
			if err := syscall.Kill(processes(run)[instance], s); err != nil {
				t.Fatal(err)
			}
		}
	}
	enginetest.WhatOthersDo(t, newEngine(t), enginetest.Hand{
		Stop: signal(syscall.SIGSTOP), Continue: signal(syscall.SIGCONT), Kill: signal(syscall.SIGKILL), Terminate: signal(syscall.SIGTERM),
	})
}

// While an instance is killed its port stays its own; where it is taken all the same, the instance moves and its edges follow.
func TestRestartOnATakenPort(t *testing.T) {
	onLinux(t)
	t.Setenv("SQUALL_STATE", t.TempDir())
	s, _, err := launch(t, enginetest.Plan(t), "taken")
	if err != nil {
		t.Fatal(err)
	}
	address := func() string {
		c, err := s.DialInstance(t.Context(), "api-1")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		return c.RemoteAddr().String()
	}
	first := address()
	kill := func() runner.Undo {
		undo, err := s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpKill, Instance: "api-1"}})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := s.DialInstance(t.Context(), "api-1"); err == nil {
			_ = c.Close()
			t.Error("a killed instance took a connection")
		}
		return undo
	}
	restart := func(undo runner.Undo) {
		if _, err := undo(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	restart(kill())
	if got := address(); got != first {
		t.Errorf("restarted on %s, want %s", got, first)
	}
	undo := kill()
	squatter, err := net.Listen("tcp", first)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = squatter.Close() }()
	restart(undo)
	if got := address(); got == first {
		t.Errorf("restarted on %s, which is taken", got)
	}
	c, err := s.Dial(t.Context(), "users:api-1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(c, "GET /ping HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 12)
	if _, err := c.Read(answer); err != nil || string(answer) != "HTTP/1.1 200" {
		t.Errorf("over the edge: %q, %v", answer, err)
	}
}

// beSquall is a squall that is going to be killed: it launches and waits.
func beSquall() {
	var p topology.Plan
	check(json.NewDecoder(os.Stdin).Decode(&p))
	_, err := process.New(process.Options{Exe: os.Args[0]}).Launch(context.Background(),
		runner.Launch{Plan: &p, Run: os.Args[2], Progress: func(string) {}})
	check(err)
	fmt.Println("launched")
	time.Sleep(time.Minute)
}

// The children of a squall that is killed with -9 end by themselves, and the next start removes the folder.
func TestParentThatIsKilled(t *testing.T) {
	onLinux(t)
	state := t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	const run = "orphans"
	plan, err := json.Marshal(enginetest.Plan(t))
	if err != nil {
		t.Fatal(err)
	}
	squall := exec.Command(os.Args[0], "squall", run)
	squall.Stdin = bytes.NewReader(plan)
	squall.Stderr = os.Stderr
	out, err := squall.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := squall.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if n, want := len(processes(run)), len(enginetest.Plan(t).Instances)+1; n != want {
		t.Errorf("%d children, want %d: the instances and the mesh", n, want)
	}
	if err := squall.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = squall.Wait()
	eventually(t, "the children's end", func() bool { return len(processes(run)) == 0 })
	removed, err := lease.Reap(t.Context())
	if err != nil || len(removed) != 1 || !strings.HasPrefix(removed[0], "folder ") {
		t.Errorf("reaped %q, error %v, want the folder", removed, err)
	}
	if found := left(t, run, state); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
}
