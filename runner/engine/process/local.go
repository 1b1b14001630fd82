package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/family"
	"github.com/squallhq/squall/runner/engine/health"
	"github.com/squallhq/squall/runner/engine/surroundings"
	"github.com/squallhq/squall/runner/lease"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// local is one incarnation of a command of this machine: its process, and all that this has started.
type local struct {
	*child
	testbed *testbed
	given   topology.Instance
	ground  *ground
	env     []string
	// start is when its first process started, as the kernel says it.
	start string
	tests health.Tests

	mu sync.Mutex
	// known are the processes that were its own when it was last looked, so that what outlives the first one is found.
	known family.Members
}

var (
	_ engine.Process = (*local)(nil)
	_ engine.Pauser  = (*local)(nil)
	_ engine.Meter   = (*local)(nil)
	_ engine.Logged  = (*local)(nil)
	_ engine.Tested  = (*local)(nil)
)

// startLocal starts a command, and does not wait for it.
func (t *testbed) startLocal(p engine.Placed) (engine.Process, error) {
	given, g, err := t.prepare(p.Instance)
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", p.Name, err)
	}
	c, err := newChild(p.Name, filepath.Join(t.logs, p.Name+".log"))
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", p.Name, err)
	}
	k := &local{child: c, testbed: t, given: given, ground: g, env: environment(given.Node, g, t.Run.Run), known: family.Members{}}
	k.tests.Began, k.tests.Run = time.Now(), k.run
	if k.cmd, err = k.command(given.Node.LocalWords()); err == nil {
		k.cmd.Stdout, k.cmd.Stderr = k.log, k.log
		err = t.spawner.Start(k.cmd)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %q: %w", p.Name, err), k.log.Close())
	}
	k.start = family.StartOf(k.cmd.Process.Pid)
	noted := t.lease.Child(p.Name, k.cmd.Process.Pid)
	go k.attend()
	if noted != nil {
		return nil, errors.Join(fmt.Errorf("start %q: %w", p.Name, noted), k.Kill(context.Background()))
	}
	go k.lookOut(t.Notice)
	return k, nil
}

// command is what runs words as the instance does.
func (k *local) command(words []string) (*exec.Cmd, error) {
	at, err := program(words[0], k.ground.root.Folder)
	if err != nil {
		return nil, err
	}
	c := exec.Command(at, words[1:]...)
	c.Args[0] = words[0]
	c.Env, c.Dir, c.SysProcAttr = k.env, k.ground.root.Begins(k.given.Node), family.Attributes()
	return c, nil
}

// inherited are the variables of squall's own environment that a command has; what else it needs its node says.
var inherited = []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "LD_LIBRARY_PATH"}

// environment is a command's: that of an image, with what a program needs of this machine.
func environment(n *scenarios.Node, g *ground, run string) (env []string) {
	for _, name := range inherited {
		if value, is := os.LookupEnv(name); is {
			env = append(env, name+"="+value)
		}
	}
	env = append(env, "TMPDIR="+g.root.Temporary())
	env = append(env, n.Environ()...) // the last of a name counts
	return append(env, lease.Marker+"="+run)
}

// attend waits for the end of the first process, and ends what that has left, as a container does.
func (k *local) attend() {
	defer close(k.ended)
	k.err = k.cmd.Wait()
	if by := family.Signalled(k.cmd.ProcessState); by != "" && !k.asked.Load() {
		k.err = &engine.Outside{Door: signalDoor, What: by}
	}
	family.Kill(k.members)
	_ = k.log.Close()
}

// Addresses are on its own address; it has none for administration.
func (k *local) Addresses() wire.Addresses {
	return wire.Addresses{Listen: k.testbed.layout.Places[k.name].Address}
}

// Kill ends it and everything that it has started, at once.
func (k *local) Kill(context.Context) error {
	k.asked.Store(true)
	select {
	case <-k.ended:
	default:
		family.Kill(k.members)
		<-k.ended
	}
	return nil
}

// Stop asks its first process to end (SIGTERM), and kills all of it when grace is over or ctx ends.
func (k *local) Stop(ctx context.Context, grace time.Duration) error {
	k.asked.Store(true)
	_ = k.cmd.Process.Signal(syscall.SIGTERM) // an error: it has ended
	return k.endWithin(ctx, grace, k.Kill)
}

// Pause stops all of it, and returns when it stands still.
func (k *local) Pause(ctx context.Context) error {
	k.standing.Lock()
	defer k.standing.Unlock()
	if err := family.Stop(ctx, k.members); err != nil {
		return fmt.Errorf("stop the processes of %q: %w", k.name, err)
	}
	k.standing.Stopped = true
	return nil
}

// Resume continues all of it.
func (k *local) Resume(context.Context) error {
	k.standing.Lock()
	defer k.standing.Unlock()
	family.Continue(k.members())
	k.standing.Stopped = false
	return nil
}

// CPU is what the kernel counts of all its processes, in ticks of 10 ms.
func (k *local) CPU(context.Context) (used time.Duration, told bool) {
	used = k.seen().CPU()
	return used, used > 0
}

// members are its processes that have not ended, by their ids, with when they started.
func (k *local) members() family.Members {
	k.mu.Lock()
	defer k.mu.Unlock()
	marks := []string{lease.Marker + "=" + k.testbed.Run.Run, surroundings.InstanceVariable + "=" + k.name}
	k.known = family.Of(family.Relatives(), k.cmd.Process.Pid, k.start, k.known, marks)
	return maps.Clone(k.known)
}

// seen are its members as far as the kernel tells who has started whom, as of a moment ago: all commands are looked at often, and the
// machine may have many processes.
func (k *local) seen() family.Members {
	all := k.testbed.kin.recent()
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.Copy(k.known, family.Of(all, k.cmd.Process.Pid, k.start, k.known, nil))
	// Over time many of it end, and others are given their ids.
	maps.DeleteFunc(k.known, func(pid int, start string) bool { return family.StartOf(pid) != start })
	return maps.Clone(k.known)
}

// kin are the machine's processes as they were looked at last.
type kin struct {
	mu  sync.Mutex
	at  time.Time
	all map[int]family.Relative
}

// lookAgain is how old a look may be.
const lookAgain = 500 * time.Millisecond

func (k *kin) recent() map[int]family.Relative {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.at) > lookAgain {
		k.all, k.at = family.Relatives(), time.Now()
	}
	return k.all
}
