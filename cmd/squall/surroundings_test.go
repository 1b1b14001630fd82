package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/squallbin"
)

// Each request takes 3 s, so that some 180 are in flight: four times as many descriptors as are allowed.
const slowWork = `
scenario: slow-work
topology:
  gw: {kind: gateway, routes: [{match: /*, to: app}]}
  app: {kind: service, workers: 1000, endpoints: {GET /x: [{work: 3s}]}}
load:
  users: {to: gw, rate: 60/s, timeout: 10s, requests: [{send: GET /x}]}
phases:
  - {name: steady, for: 6s}
expect:
  - {in: steady, success: ">= 95%"}
`

// What the harness itself ran out of is never the system's failure: with a hard limit of descriptors that is too low for the load the run is
// inconclusive and names it, and with one that is too low to launch anything it is refused before that.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	squall := squallbin.Path(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "slow.yaml")
	if err := os.WriteFile(file, []byte(slowWork), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		limit string
		code  int
		said  []string
	}{
		{"200", 4, []string{"this plan needs up to 1234 open files, should all of 600 requests in flight hang", "enough of the machine: there were no file descriptors, ports or memory left: the mesh for "}},
		{"30", 3, []string{"this plan needs some 34 open files to be launched, and 30 are allowed; raise the limit (ulimit -n)"}},
	} {
		t.Run(c.limit, func(t *testing.T) {
			t.Parallel()
			run := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -n "$1" && shift && exec "$@"`, "sh", c.limit,
				squall, "run", file, "--engine", "process", "--out", filepath.Join(dir, c.limit))
			out, _ := run.CombinedOutput()
			if code := run.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit %d, want %d\n%s", code, c.code, out)
			}
			for _, text := range c.said {
				if !strings.Contains(string(out), text) {
					t.Errorf("nothing says %q\n%s", text, out)
				}
			}
		})
	}
}

// A run whose folder is on a full disk is refused before anything is launched, and nothing stays of it.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runs := filepath.Join(dir, "runs")
	if err := os.Mkdir(runs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", runs, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("only root, where it may mount, can make a disk that is full: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(runs, syscall.MNT_DETACH) })
	for name, file := range map[string]string{filepath.Join(runs, "ballast"): strings.Repeat("x", 1<<20-8192), filepath.Join(dir, "slow.yaml"): slowWork} {
		if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, engine := range []string{"virtual", "process"} {
		run := exec.CommandContext(t.Context(), squallbin.Path(t), "run", "slow.yaml", "--engine", engine)
		run.Dir = dir
		out, _ := run.CombinedOutput()
		want := "the run's folder (runs) is on a disk with "
		if code := run.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(out), want) || !strings.Contains(string(out), "this plan needs 16.0 MB there") {
			t.Errorf("%s: exit %d, want 3 and %q\n%s", engine, code, want, out)
		}
	}
	if left, err := os.ReadDir(runs); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A disk that fills up during a run takes the run's files, and not what it came to: figures and verdict are told, with what could not
// be saved.
func TestDiskThatFills(t *testing.T) {
	t.Parallel()
	runs := t.TempDir()
	if err := syscall.Mount("tmpfs", runs, "tmpfs", 0, "size=40m"); err != nil {
		t.Skip("only root, where it may mount, can make a disk that is full: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(runs, syscall.MNT_DETACH) })
	file := filepath.Join(t.TempDir(), "slow.yaml")
	if err := os.WriteFile(file, []byte(slowWork), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), squallbin.Path(t), "run", file, "--engine", "process", "--out", filepath.Join(runs, "out"))
	var out strings.Builder
	run.Stdout, run.Stderr = &out, &out
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) { // its nodes are there, so the disk was looked at
		if logs, _ := filepath.Glob(filepath.Join(runs, "out", "logs", "*")); len(logs) > 0 {
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("it does not begin:\n%s", out.String())
		}
	}
	ballast, err := os.Create(filepath.Join(runs, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close()
	for err == nil {
		_, err = ballast.Write(make([]byte, 4096))
	}
	_ = run.Wait() // its exit code is held
	if code := run.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit %d, want 3", code)
	}
	for _, text := range []string{"in: steady, success >= 95%  success 100%", "GET /x", "exit 3: ", "could not be saved whole", "no space left on device"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("nothing says %q", text)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}
