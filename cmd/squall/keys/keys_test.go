//go:build linux

package keys

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// long is a run that people have time to take part in.
const long = `scenario: long
topology:
  gw: {kind: service, endpoints: {"GET /x": [{call: shop GET /x}]}}
  shop: {kind: service, endpoints: {"GET /x": [{work: 1ms}]}}
load:
  users: {to: gw, rate: 20/s, requests: [{send: GET /x}]}
warm_up: 200ms
phases: [{name: steady, for: 60s}, {name: after, for: 60s}]
guard: {blast: 50%}
expect: [{in: steady, success: ">= 50%"}]
`

// wide is how wide their terminal is.
const wide = 110

// sitting is somebody at a pseudo terminal on which a command runs.
type sitting struct {
	t        *testing.T
	dir      string
	master   *os.File
	terminal *os.File
	command  *exec.Cmd
	before   unix.Termios

	mu   sync.Mutex
	seen bytes.Buffer
	at   int // what was looked for up to there
}

func sit(t *testing.T, name string, args ...string) *sitting {
	t.Helper()
	s := &sitting{t: t, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(s.dir, "long.yaml"), []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	s.master, s.terminal = pseudo(t)
	s.before = s.settings()
	s.command = exec.CommandContext(t.Context(), name, args...)
	s.command.Dir, s.command.Stdin, s.command.Stdout, s.command.Stderr = s.dir, s.terminal, s.terminal, s.terminal
	s.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	for _, e := range append(os.Environ(), "TERM=xterm", "SQUALL="+squallbin.Path(t)) {
		if !strings.HasPrefix(e, "CI=") {
			s.command.Env = append(s.command.Env, e)
		}
	}
	s.command.Cancel = func() error { return s.command.Process.Signal(os.Interrupt) }
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.command.Process.Signal(os.Interrupt) })
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := s.master.Read(buffer)
			s.mu.Lock()
			s.seen.Write(buffer[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

// pseudo opens a pseudo terminal.
func pseudo(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: wide})
	}
	if err == nil {
		terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return master, terminal
}

func (s *sitting) settings() unix.Termios {
	s.t.Helper()
	got, err := unix.IoctlGetTermios(int(s.terminal.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	return *got
}

func (s *sitting) types(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// sees waits for something on the terminal after what was seen before, and returns its first group.
func (s *sitting) sees(what string) string {
	s.t.Helper()
	looked := regexp.MustCompile(what)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s.mu.Lock()
		text := s.seen.Bytes()[s.at:]
		found := looked.FindSubmatchIndex(text)
		if found != nil {
			s.at += found[1]
			out := string(text[found[0]:found[1]])
			if len(found) > 2 {
				out = string(text[found[2]:found[3]])
			}
			s.mu.Unlock()
			return out
		}
		all := s.seen.String()
		s.mu.Unlock()
		if time.Now().After(deadline) {
			s.t.Fatalf("%s was never seen; the last that was:\n%q", what, all[max(0, len(all)-1500):])
		}
	}
}

func (s *sitting) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.String()
}

// ends waits for the command's end and holds the terminal's settings against those before it.
func (s *sitting) ends(want report.Exit) {
	s.t.Helper()
	_ = s.command.Wait()
	if got := report.Exit(s.command.ProcessState.ExitCode()); got != want {
		s.t.Errorf("exit %d, want %d:\n%q", got, want, s.all())
	}
	if after := s.settings(); after != s.before {
		s.t.Errorf("the terminal was %+v, and is %+v", s.before, after)
	}
}

// keyed is a run under way whose terminal hands out single keys.
func keyed(t *testing.T) *sitting {
	t.Helper()
	s := sit(t, squallbin.Path(t), "run", "long.yaml", "--engine", "process", "--out", "out")
	s.sees(`steady .*[^$]*i inject  c clear`)
	if now := s.settings(); now.Lflag&(unix.ICANON|unix.ECHO) != 0 || now.Lflag&unix.ISIG == 0 {
		t.Errorf("under way the terminal's lflag is %x, as it was: %v", now.Lflag, now == s.before)
	}
	return s
}

// Somebody takes part by keys: a fault is completed, put on and cleared, what is wrong is said, and all is in the record.
func TestKeys(t *testing.T) {
	s := keyed(t)
	s.types("ilat\t")
	s.sees(`latency: [^\r]*, on: `)
	s.types("\t")
	s.sees(`gw -> shop  users -> gw`)
	s.types("gw\t\r") // it reaches all requests, and the guard is half of them
	s.sees(`hits 1 of 1 connection gw -> shop; up to 100%[^$]*The scenario's guard is 50%: put it on all the same\? y: yes`)
	s.types("y")
	s.sees(`act 1: latency [^\r]* on gw -> shop is on until \d+ s`)
	s.types("tthe pager rung\x7f\x7f\x7fang ü\r")
	s.sees("noted: the pager rang ü\r\n")
	s.types("ilatncy: 1s, on: shop\r")
	s.sees(`there is no fault "latncy"; did you mean "latency"\?`)
	s.sees(`on gw -> shop \(by [^)]*\), 2[0-8] s left`) // so that something has met it
	s.types("c")
	s.sees("act 1 is off\r\n")
	s.types("c")
	s.sees("nothing is on that somebody put on")
	s.types("h")
	s.sees("phase steady is held: g lets it go on\r\n")
	s.types("n")
	s.sees("phase after begins\r\n")
	s.types("mfailover\r")
	s.sees("marked: failover\r\n")
	s.types("qn")
	s.sees(`stop the run\?[^$]*i inject`)
	s.types("qy")
	s.ends(report.ExitInterrupted)
	res, err := record.Read(filepath.Join(s.dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	var did, happened []string
	for _, a := range res.Actions {
		did = append(did, fmt.Sprintf("%s: %s, named %v, undone %v", a.Door, a.What, a.Person != "", a.UndoneS != nil))
		if a.Phase == "" && (a.Receipt == nil || !a.Receipt.Met) {
			t.Errorf("%s met nothing: %+v", a.What, a.Receipt)
		}
	}
	for _, e := range res.Events {
		happened = append(happened, e.Text)
	}
	all := strings.Join(append(did, happened...), "\n")
	for _, want := range []string{"keys: latency", "keys: hold", "keys: next", "the pager rang ü (", "failover (", "keys)"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in the record:\n%s", want, all)
		}
	}
}

// However a run ends, the terminal is then as it was.
func TestTheTerminalIsGivenBack(t *testing.T) {
	for name, end := range map[string]func(*sitting){
		"Ctrl-C":         func(s *sitting) { s.types("\x03") },
		"a signal":       func(s *sitting) { _ = s.command.Process.Signal(syscall.SIGTERM) },
		"while it types": func(s *sitting) { s.types("ilat"); s.sees("Tab completes.: lat"); s.types("\x03") },
		"at once": func(s *sitting) {
			for range 2 {
				_ = s.command.Process.Signal(syscall.SIGTERM)
				time.Sleep(600 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := keyed(t)
			end(s)
			s.ends(report.ExitInterrupted)
		})
	}
}

// Ctrl-Z gives the shell its terminal as it was; in the foreground again the run takes keys as before.
func TestCtrlZ(t *testing.T) {
	s := sit(t, "sh", "-c", `set -m; echo "before $(stty -g)."; "$SQUALL" run long.yaml --engine process --out out
echo "stopped $(stty -g)."; fg; echo "ended $? $(stty -g)."`)
	before := s.sees(`before (\S+)\.`)
	s.sees(`steady .*[^$]*i inject  c clear`)
	s.types("\x1a")
	if got := s.sees(`stopped (\S+)\.`); got != before {
		t.Errorf("stopped, the terminal is %s, and was %s", got, before)
	}
	s.sees(`i inject  c clear`)
	s.types("tback\r")
	s.sees("noted: back\r\n")
	s.types("qy")
	if got, want := s.sees(`ended (\S+ \S+)\.`), fmt.Sprint(int(report.ExitInterrupted), " ", before); got != want {
		t.Errorf("in the end it is %s, want %s", got, want)
	}
	s.ends(report.ExitPass)
}

// Where somebody asked for no progress, or standard input is no terminal, there are no keys and the terminal is not touched.
func TestNoKeys(t *testing.T) {
	for name, rest := range map[string]string{"quiet": "--quiet", "no terminal to read": "</dev/null"} {
		t.Run(name, func(t *testing.T) {
			s := sit(t, "sh", "-c", `exec "$SQUALL" run long.yaml --engine process --out out `+rest)
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				if _, err := os.Stat(filepath.Join(s.dir, "out", "events.jsonl")); err == nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("it never began")
				}
			}
			time.Sleep(2 * wait)
			if now := s.settings(); now != s.before {
				t.Errorf("under way the terminal is %+v, and was %+v", now, s.before)
			}
			s.types("\x03")
			s.ends(report.ExitInterrupted)
			if strings.Contains(s.all(), "i inject") {
				t.Errorf("it shows keys: %q", s.all())
			}
		})
	}
}
