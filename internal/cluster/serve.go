//go:build linux

package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Serve runs the machines of a cluster until it is told to end, and removes everything then. It is the parent of all: the kernel ends
// them with it. The lock is its own from the start; parent is where Up speaks, if it still does.
func Serve(name string, while int, parent io.Reader) error {
	syscall.CloseOnExec(int(lockDescriptor)) // no machine holds it
	c, err := Open(name)
	if err != nil {
		return err
	}
	// Control groups and the folder go when the machines have ended, and the lock after them.
	defer unlock(os.NewFile(lockDescriptor, lockFile(name)))
	defer func() {
		if err := c.remove(); err != nil {
			fmt.Fprintf(os.Stderr, "cluster: %v\n", err)
		}
	}()
	if err := os.WriteFile(c.path("serve.pid"), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(context.Background())
	defer end(nil)
	go func() {
		if line, _ := bufio.NewReader(parent).ReadString('\n'); line != stay {
			end(errors.New("who brings the cluster up is gone"))
		}
	}()
	go func() { end(lives(ctx, while)) }()
	ctx, stop := signalled(ctx)
	defer stop()
	return c.serve(ctx, end)
}

// lives returns when a process has ended; it waits for ctx alone where there is none to look at.
func lives(ctx context.Context, pid int) error {
	if pid == 0 {
		<-ctx.Done()
		return nil
	}
	f, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("look at process %d: %w", pid, err)
	}
	defer unix.Close(f)
	for ctx.Err() == nil {
		poll := []unix.PollFd{{Fd: int32(f), Events: unix.POLLIN}}
		if n, err := unix.Poll(poll, 500); n > 0 && err == nil {
			return fmt.Errorf("process %d, for which the cluster was, is gone", pid)
		}
	}
	return nil
}

// serve starts the machines, that of the control plane first: its namespace has the bridge.
func (c *Cluster) serve(ctx context.Context, end context.CancelCauseFunc) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	all := c.machines()
	bridge := make(chan int, 1)
	running.Go(func() {
		err := c.power(ctx, all[0], func(pid int) error {
			if err := c.plugHost(ctx, pid); err != nil {
				return err
			}
			bridge <- pid
			return nil
		})
		end(fmt.Errorf("the control plane has ended: %w", err))
	})
	var at int
	select {
	case at = <-bridge:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for _, m := range all[1:] {
		running.Go(func() {
			for ctx.Err() == nil {
				err := c.power(ctx, m, func(pid int) error { return c.plugNode(ctx, m, pid, at) })
				if ctx.Err() == nil {
					fmt.Fprintf(os.Stderr, "cluster: machine %s has ended: %v\n", m.Name, err)
				}
				rest(ctx, pause)
			}
		})
	}
	<-ctx.Done()
	return nil
}

// power runs a machine from its start to its end, once it is not held any more. A machine that is held ends at once.
func (c *Cluster) power(ctx context.Context, m machine, plug func(pid int) error) error {
	held, running := c.path(m.Name, "machine.held"), c.path(m.Name, "machine.pid")
	for exists(held) && ctx.Err() == nil {
		rest(ctx, everyLook)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, off := context.WithCancel(ctx)
	defer off()
	go func() {
		for ctx.Err() == nil && !exists(held) {
			rest(ctx, everyLook)
		}
		off()
	}()
	// The thread that starts a process is its parent in the kernel's eyes: it has to stay as long as the machine.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command, ahead, err := c.command(ctx, m)
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("start machine %s: %w", m.Name, err)
	}
	defer func() { _ = os.Remove(running) }()
	err = os.WriteFile(running, []byte(strconv.Itoa(command.Process.Pid)), 0o600)
	if err == nil {
		err = plug(command.Process.Pid)
	}
	if err == nil {
		_, err = io.WriteString(ahead, goAhead)
	}
	if err != nil {
		off()
		return errors.Join(err, command.Wait())
	}
	return command.Wait()
}

// command is the first process of a machine, in namespaces of its own, which waits for a word before it does anything.
func (c *Cluster) command(ctx context.Context, m machine) (*exec.Cmd, io.Writer, error) {
	if err := os.MkdirAll(filepath.Dir(c.log(m.Name, "machine")), 0o700); err != nil {
		return nil, nil, err
	}
	log, err := os.OpenFile(c.log(m.Name, "machine"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close() // the process has it
	command := exec.CommandContext(ctx, self, "machine", c.path(m.Name, "machine.json"))
	command.Stdout, command.Stderr = log, log
	command.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	ahead, err := command.StdinPipe()
	return command, ahead, err
}
