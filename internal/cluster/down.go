package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// downPatience is how long a cluster takes to end that was asked to.
	downPatience = 30 * time.Second
	// killPatience is how long the kernel takes to end it where it did not listen.
	killPatience = 10 * time.Second
)

// Down ends a cluster and removes all that there is of it, whatever state it is in: one that was never there, or whose process was
// killed, is no error. removed says whether there was any of it.
func Down(name string) (removed bool, err error) {
	o, err := Options{Name: name}.filled()
	if err != nil {
		return false, err
	}
	c := &Cluster{Name: o.Name}
	there := exists(c.path())
	l, err := await(o.Name, 0)
	for _, step := range []struct {
		signal   syscall.Signal
		patience time.Duration
	}{{syscall.SIGTERM, downPatience}, {syscall.SIGKILL, killPatience}} {
		if l != nil || err != nil {
			break
		}
		there = true
		if pid, known := c.Server(); known {
			_ = syscall.Kill(pid, step.signal) // it may have ended just now
		}
		l, err = await(o.Name, step.patience)
	}
	if err != nil {
		return there, err
	}
	if l == nil {
		return there, fmt.Errorf("end cluster %q: its process holds it still", o.Name)
	}
	defer unlock(l)
	return there, c.remove()
}

// Server is the process that serves the cluster, as it noted; that it lives is for the lock to say.
func (c *Cluster) Server() (pid int, known bool) {
	return readPid(c.path("serve.pid"))
}

func readPid(path string) (int, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	return pid, err == nil && pid > 1
}

// pid is the first process of a machine.
func (c *Cluster) pid(machine string) (int, error) {
	pid, known := readPid(c.path(machine, "machine.pid"))
	if !known {
		return 0, fmt.Errorf("machine %s of cluster %q is not running", machine, c.Name)
	}
	return pid, nil
}

// remove removes what the kernel leaves of machines that have ended. Who calls it holds the lock.
func (c *Cluster) remove() error {
	err := c.removeGroups()
	if known, unknown := Open(c.Name); unknown == nil { // it says which addresses it has
		err = errors.Join(err, known.unplugHost())
	}
	if gone := os.RemoveAll(c.path()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("remove cluster %q: %w", c.Name, gone))
	}
	return err
}

// signalled ends the context at a signal that asks a process to end.
func signalled(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
}
