package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// upPatience is how long a cluster takes on a machine that has much else to do; alone on one it is some ten seconds.
const upPatience = 5 * time.Minute

// Up brings a cluster up and returns when it takes pods. One of that name that is up already is it; what is left of one whose process
// was killed is removed first. say gets a line for each step.
//
// The executable that calls it serves the cluster, too: it calls Serve when it is started as "serve NAME PID", and RunMachine
// when it is started as "machine FILE".
func Up(ctx context.Context, o Options, say func(string)) (*Cluster, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	if err := Possible(); err != nil {
		return nil, err
	}
	made, err := Build(ctx, say)
	if err != nil {
		return nil, err
	}
	l, err := lock(o.Name)
	if err != nil {
		return nil, err
	}
	if l == nil {
		say(fmt.Sprintf("cluster %q is up already", o.Name))
		c, err := Open(o.Name)
		if err != nil {
			return nil, err
		}
		return c, c.Ready(ctx)
	}
	c := &Cluster{Name: o.Name, Programs: made}
	for n := range o.Nodes {
		c.Nodes = append(c.Nodes, fmt.Sprintf("node%d", n+1))
	}
	s, err := c.begin(o, l)
	if err != nil {
		err = errors.Join(err, c.remove())
		unlock(l)
		return nil, err
	}
	_ = l.Close() // the process that serves it has it, too, and removes everything at its end
	if err := c.see(ctx, s, say); err != nil {
		return nil, fmt.Errorf("bring cluster %q up: %w", c.Name, err)
	}
	return c, nil
}

// freeIndex is a range of addresses that no cluster of this machine has.
func freeIndex() (int, error) {
	names, err := Names()
	if err != nil {
		return 0, err
	}
	taken := map[int]bool{}
	for _, name := range names {
		if c, err := Open(name); err == nil {
			taken[c.Index] = true
		}
	}
	for i := range mostClusters {
		if !taken[i] {
			return i, nil
		}
	}
	return 0, fmt.Errorf("there are %d clusters on this machine, and no addresses for another: %s", len(taken), strings.Join(names, ", "))
}

// prepare writes everything that the machines read.
func (c *Cluster) prepare() error {
	if err := writeJSON(c.path("cluster.json"), c); err != nil {
		return err
	}
	if err := c.identities(); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	for n, node := range c.Nodes {
		if err := c.configure(n + 1); err != nil {
			return err
		}
		if err := c.makeGroups(node); err != nil {
			return err
		}
	}
	for _, m := range c.machines() {
		if err := writeJSON(c.path(m.Name, "machine.json"), m); err != nil {
			return err
		}
	}
	return nil
}

// server is the process that serves a cluster, as who starts it sees it: it ends when words does without a last one.
type server struct {
	*exec.Cmd
	words io.WriteCloser
	log   *os.File // what it says; read here after it has removed everything
}

// begin writes what the machines read, in the place of what was left of others, and starts the process that serves them.
func (c *Cluster) begin(o Options, l *os.File) (*server, error) {
	if err := c.remove(); err != nil {
		return nil, err
	}
	var err error
	if c.Index, err = freeIndex(); err != nil {
		return nil, err
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	s := &server{Cmd: exec.Command(self, "serve", c.Name, strconv.Itoa(o.While))}
	if s.log, err = os.Create(c.path("serve.log")); err != nil {
		return nil, err
	}
	s.ExtraFiles = []*os.File{l}
	s.Stdout, s.Stderr = s.log, s.log
	s.Dir = "/"
	s.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if s.words, err = s.StdinPipe(); err == nil {
		err = s.Start()
	}
	if err != nil {
		_ = s.log.Close() // nothing was written
		return nil, fmt.Errorf("start the process that serves it: %w", err)
	}
	return s, nil
}

// see waits until pods can run, and lets the cluster stay then.
func (c *Cluster) see(ctx context.Context, s *server, say func(string)) error {
	defer s.log.Close()
	ctx, cancel := context.WithTimeout(ctx, upPatience)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- s.Wait()
		cancel()
	}()
	err := c.firstReady(ctx, say)
	if err == nil {
		_, err = io.WriteString(s.words, stay)
	}
	if err == nil {
		return nil
	}
	logs := c.lastWords() // before they are removed
	_ = s.words.Close()
	select {
	case end := <-ended:
		err = errors.Join(err, end)
	case <-time.After(downPatience):
		err = errors.Join(err, s.Process.Kill())
	}
	return fmt.Errorf("%w%s%s", err, tail("serve.log", s.log), logs)
}

// firstReady gives the nodes what they need to begin with, and waits for them.
func (c *Cluster) firstReady(ctx context.Context, say func(string)) error {
	begun := time.Now()
	for _, node := range c.Nodes {
		for !listens("unix:" + c.containerd(node)) {
			if ctx.Err() != nil {
				return fmt.Errorf("wait for containerd of %s: %w", node, ctx.Err())
			}
			rest(ctx, everyLook)
		}
	}
	if err := c.Load(ctx, filepath.Join(c.Programs, pauseArchive)); err != nil {
		return err
	}
	if err := c.Ready(ctx); err != nil {
		return err
	}
	say(fmt.Sprintf("cluster %q is up after %.1f s: %s", c.Name, time.Since(begun).Seconds(), strings.Join(c.Nodes, ", ")))
	return nil
}

// lastWords are the last lines of what the parts said.
func (c *Cluster) lastWords() string {
	files, _ := filepath.Glob(c.path("*", "log", "*.log")) // the pattern is well formed
	var out strings.Builder
	for _, file := range files {
		if f, err := os.Open(file); err == nil {
			out.WriteString(tail(strings.TrimPrefix(file, root+"/"), f))
			_ = f.Close() // only read
		}
	}
	return out.String()
}

// tail is the last lines of a file; empty, where it has none.
func tail(name string, f io.ReadSeeker) string {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return ""
	}
	data, err := io.ReadAll(f)
	text := strings.TrimSpace(string(data))
	if err != nil || text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	return fmt.Sprintf("\n%s:\n  %s", name, strings.Join(lines[max(0, len(lines)-4):], "\n  "))
}
