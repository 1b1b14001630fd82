//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// pause is how long a part that has ended stays away.
const pause = 300 * time.Millisecond

// run keeps all parts running, for as long as the machine lives, and takes note of every process that ends in it.
func (m machine) run() error {
	c := children{waiting: map[int]chan syscall.WaitStatus{}}
	for _, p := range m.Parts {
		go m.keep(&c, p)
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.ECHILD): // none yet
			time.Sleep(everyLook)
		case err == nil:
			c.ended(pid, status)
		case !errors.Is(err, syscall.EINTR):
			return fmt.Errorf("machine %s: wait for processes: %w", m.Name, err)
		}
	}
}

// children are processes that somebody waits for; a machine's first process has all others', too, whose parents have ended.
type children struct {
	mu      sync.Mutex
	waiting map[int]chan syscall.WaitStatus
}

func (c *children) ended(pid int, status syscall.WaitStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to, is := c.waiting[pid]; is {
		to <- status
		delete(c.waiting, pid)
	}
}

// start starts a part's program; the channel gets its end.
func (c *children) start(p part, out *os.File) (pid int, end <-chan syscall.WaitStatus, err error) {
	c.mu.Lock() // its end is looked for when it can be found
	defer c.mu.Unlock()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer nothing.Close()
	pid, err = syscall.ForkExec(p.Args[0], p.Args, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{nothing.Fd(), out.Fd(), out.Fd()}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, nil, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	c.waiting[pid] = ended
	return pid, ended, nil
}

// keep keeps one part running, but while it is held.
func (m machine) keep(c *children, p part) {
	log := filepath.Join(m.Folder, "log", p.Name+".log")
	if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
		fmt.Fprintf(os.Stderr, "machine %s: %v\n", m.Name, err)
		return
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		fmt.Fprintf(os.Stderr, "machine %s: %v\n", m.Name, err)
		return
	}
	for {
		for m.says(p, "held") || !listens(p.After) {
			time.Sleep(everyLook)
		}
		pid, end, err := c.start(p, out)
		if err != nil {
			fmt.Fprintf(out, "machine %s: start %s: %v\n", m.Name, p.Name, err)
			time.Sleep(pause)
			continue
		}
		running := filepath.Join(m.Folder, p.Name+".pid")
		if err := os.WriteFile(running, []byte(strconv.Itoa(pid)), 0o600); err != nil {
			fmt.Fprintf(out, "machine %s: %v\n", m.Name, err)
		}
		status := m.follow(p, pid, end)
		_ = os.Remove(running) // who holds it waits for that
		_ = os.Remove(filepath.Join(m.Folder, p.Name+".stopped"))
		fmt.Fprintf(out, "machine %s: %s ended: exit code %d, signal %v\n", m.Name, p.Name, status.ExitStatus(), status.Signal())
		time.Sleep(pause)
	}
}

// follow does to a running part what is asked for it, until it has ended.
func (m machine) follow(p part, pid int, end <-chan syscall.WaitStatus) syscall.WaitStatus {
	look := time.NewTicker(everyLook)
	defer look.Stop()
	frozen := false
	for {
		select {
		case status := <-end:
			return status
		case <-look.C:
		}
		if m.says(p, "held") {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
			continue
		}
		if asked := m.says(p, "frozen"); asked != frozen {
			frozen = asked
			m.freeze(p, pid, frozen)
		}
	}
}

// freeze stops a part or lets it go on, and says so to who asked.
func (m machine) freeze(p part, pid int, stop bool) {
	said := filepath.Join(m.Folder, p.Name+".stopped")
	if !stop {
		_ = syscall.Kill(pid, syscall.SIGCONT) // it may have been killed
		_ = os.Remove(said)
		return
	}
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	_ = os.WriteFile(said, nil, 0o600)
}

// says tells whether there is a file that asks for something.
func (m machine) says(p part, what string) bool {
	_, err := os.Stat(filepath.Join(m.Folder, p.Name+"."+what))
	return err == nil
}
