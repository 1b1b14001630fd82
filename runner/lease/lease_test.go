package lease_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/lease"
)

// TestMain plays a squall that is killed: it takes a lease, makes what a run makes, says so and waits for its end.
func TestMain(m *testing.M) {
	switch os.Getenv("LEASE_TEST") {
	case "squall":
		beSquall()
	case "child":
		time.Sleep(time.Minute)
	default:
		os.Exit(m.Run())
	}
}

// made is what the killed squall had made.
type made struct {
	Folder           string
	Noted, Forgotten int // process ids
}

func beSquall() {
	check := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	run := os.Getenv("LEASE_RUN")
	l, err := lease.Take(run)
	check(err)
	var m made
	m.Folder, err = l.TempDir()
	check(err)
	check(os.WriteFile(filepath.Join(m.Folder, "data"), []byte("x"), 0o600))
	noted := childOf("")
	check(noted.Start())
	check(l.Child("orders-1", noted.Process.Pid))
	forgotten := childOf(run)
	check(forgotten.Start())
	m.Noted, m.Forgotten = noted.Process.Pid, forgotten.Process.Pid
	check(json.NewEncoder(os.Stdout).Encode(m))
	time.Sleep(time.Minute)
}

// childOf is a process that carries the run's marker, or none.
func childOf(run string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "LEASE_TEST=child")
	if run != "" {
		c.Env = append(c.Env, lease.Marker+"="+run)
	}
	return c
}

// startSquall starts the pretended squall and waits until it has made everything.
func startSquall(t *testing.T, run string) (*exec.Cmd, made) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "LEASE_TEST=squall", "LEASE_RUN="+run)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var m made
	if err := json.NewDecoder(out).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return c, m
}

func reap(t *testing.T) string {
	t.Helper()
	removed, err := lease.Reap(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(removed, "\n")
}

func ledgers(t *testing.T, state string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(state, "runs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestReapAfterKill(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are reaped on Linux; elsewhere they end by themselves")
	}
	state := t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	t.Setenv("TMPDIR", t.TempDir())
	squall, m := startSquall(t, "r-1")

	// While it lives, everything of it is left alone.
	if got := reap(t); got != "" {
		t.Errorf("reaped of a living run: %s", got)
	}
	if err := squall.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = squall.Wait()
	got := reap(t)
	for _, want := range []string{
		fmt.Sprintf("process %d (orders-1 of run r-1)", m.Noted),
		fmt.Sprintf("process %d (child of run r-1)", m.Forgotten),
		"folder " + m.Folder,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("reaped %q, want %q among it", got, want)
		}
	}
	for _, pid := range []int{m.Noted, m.Forgotten} {
		if running(pid) {
			t.Errorf("process %d is still running", pid)
		}
	}
	if _, err := os.Stat(m.Folder); !os.IsNotExist(err) {
		t.Errorf("folder %s is still there: %v", m.Folder, err)
	}
	if left := ledgers(t, state); len(left) > 0 {
		t.Errorf("ledgers left: %q", left)
	}
	if again := reap(t); again != "" {
		t.Errorf("a second time: %q", again)
	}
}

func running(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(data), ") Z ")
}

// A process id that was given to somebody else since must survive.
func TestRecycledProcessIsNotKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("nobody is killed elsewhere")
	}
	state := t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	t.Setenv("TMPDIR", t.TempDir())
	squall, m := startSquall(t, "r-2")
	if err := squall.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = squall.Wait()
	stranger := childOf("")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Process.Kill(); _ = stranger.Wait() }()
	path := ledgers(t, state)[0]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The ledger now says that the noted child had the stranger's id.
	forged := strings.ReplaceAll(string(data), fmt.Sprintf(`"pid":%d,`, m.Noted), fmt.Sprintf(`"pid":%d,`, stranger.Process.Pid))
	if forged == string(data) {
		t.Fatalf("the ledger does not note process %d: %s", m.Noted, data)
	}
	// The start time in ticks may be the same for processes that started together; make it differ.
	forged = strings.Replace(forged, `"start":"`, `"start":"1`, -1)
	if err := os.WriteFile(path, []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	got := reap(t)
	if strings.Contains(got, fmt.Sprint(stranger.Process.Pid)) || !running(stranger.Process.Pid) {
		t.Errorf("a stranger was killed: %s", got)
	}
	_ = exec.Command("kill", "-9", fmt.Sprint(m.Noted)).Run()
}

func TestRelease(t *testing.T) {
	state := t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	l, err := lease.Take("r-3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lease.Take("r-3"); err == nil {
		t.Error("a run's id was leased twice")
	}
	for range 2 {
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	}
	if left := ledgers(t, state); len(left) > 0 {
		t.Errorf("ledgers left: %q", left)
	}
	if _, err := l.TempDir(); err == nil {
		t.Error("a released lease made a folder")
	}
}

// A ledger must not make Reap remove what is not a run's.
func TestForeignFolderIsNotRemoved(t *testing.T) {
	state, precious := t.TempDir(), t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	if err := os.MkdirAll(filepath.Join(state, "runs"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("{\"owner\":{\"pid\":1,\"start\":\"0\",\"world\":\"another boot\"},\"run\":\"r-4\"}\n{\"folder\":%q}\n{\"fold", precious)
	path := filepath.Join(state, "runs", "r-4.run")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if removed, err := lease.Reap(context.Background()); err == nil || len(removed) > 0 {
		t.Errorf("removed %q, error %v", removed, err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

// Two of one process that start things for one run have one ledger, which is there until both have removed what they made; a lease that is
// released twice does not end the other's.
func TestOneLedgerForARun(t *testing.T) {
	state := t.TempDir()
	t.Setenv("SQUALL_STATE", state)
	first, err := lease.Take("r-shared")
	if err != nil {
		t.Fatal(err)
	}
	second, err := lease.Join("r-shared")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := first.Release(); err != nil {
			t.Error(err)
		}
	}
	if err := second.Child("generator-1", os.Getpid()); err != nil {
		t.Errorf("the second can note nothing any more: %v", err)
	}
	if left := ledgers(t, state); len(left) != 1 {
		t.Errorf("ledgers %q, want one", left)
	}
	if err := second.Release(); err != nil {
		t.Error(err)
	}
	if left := ledgers(t, state); len(left) > 0 {
		t.Errorf("ledgers left: %q", left)
	}
	again, err := lease.Join("r-shared")
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Release(); err != nil {
		t.Error(err)
	}
}
