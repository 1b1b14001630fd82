package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/wire"
)

// cpuLimit and behaviour are parts of injections that are on.
type cpuLimit struct {
	id   string
	cpus float64
}

type behaviour struct {
	id   string
	what faults.Behaviour
}

// askOn is something asked of the node by an injection that is on.
type askOn struct {
	id   string
	what faults.Ask
}

// add notes a primitive of an injection. The caller holds mu.
func (m *member) add(id string, p faults.Primitive) {
	switch p.Op {
	case faults.OpKill:
		m.kills[id] = true
	case faults.OpStop:
		m.stops[id] = p.Untold
	case faults.OpPause:
		m.pauses[id] = true
	case faults.OpCPU:
		m.cpus = append(m.cpus, cpuLimit{id, p.CPUs})
	case faults.OpBehave:
		m.behaviours = append(m.behaviours, behaviour{id, *p.Behaviour})
	case faults.OpAsk:
		m.asks = append(m.asks, askOn{id, p.Ask})
	case faults.OpConfigure:
		m.patches = append(m.patches, patchOn{id, *p.Patch})
	}
}

// drop forgets everything of an injection. The caller holds mu.
func (m *member) drop(id string) {
	delete(m.kills, id)
	delete(m.pauses, id)
	delete(m.stops, id)
	m.cpus = slices.DeleteFunc(m.cpus, func(c cpuLimit) bool { return c.id == id })
	m.patches = slices.DeleteFunc(m.patches, func(p patchOn) bool { return p.id == id })
	m.asks = slices.DeleteFunc(m.asks, func(a askOn) bool { return a.id == id })
	m.behaviours = slices.DeleteFunc(m.behaviours, func(b behaviour) bool { return b.id == id })
}

// reconcile makes the instance what all injections together want: killed while one kills it,
// paused while one pauses it, with the least CPU, the sum of misbehaviours and all the changes that they ask for. So
// each can be undone on its own, in any order. The caller holds mu.
func (s *system) reconcile(ctx context.Context, m *member) error {
	defer func() { m.away.Store(m.dead || m.paused) }()
	if len(m.kills) > 0 {
		return s.kill(ctx, m)
	}
	if len(m.stops) > 0 {
		return s.retire(ctx, m)
	}
	if err := s.limitCPU(ctx, m); err != nil {
		return err
	}
	if m.dead {
		if err := s.revive(ctx, m); err != nil {
			return err
		}
	}
	if m.paused && len(m.pauses) == 0 {
		if err := s.resume(ctx, m); err != nil {
			return err
		}
	}
	if !m.paused {
		if err := s.behave(ctx, m); err != nil {
			return err
		}
		if err := s.ask(ctx, m); err != nil {
			return err
		}
		if err := s.configure(ctx, m); err != nil {
			return err
		}
	}
	if len(m.pauses) > 0 && !m.paused {
		if err := s.pause(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// pauseTries bounds how often a pause is tried: freezing a container whose processes are being
// started or are in the kernel fails now and then, and succeeds a moment later.
const pauseTries = 5

// pause freezes an instance.
func (s *system) pause(ctx context.Context, m *member) error {
	for try := 1; ; try++ {
		err := s.engine.api.ContainerPause(ctx, m.id)
		if err == nil {
			m.paused = true
			return nil
		}
		if try == pauseTries || ctx.Err() != nil {
			return fmt.Errorf("pause %s: %w", m.name(), err)
		}
		time.Sleep(time.Duration(try) * 10 * time.Millisecond)
	}
}

// resume thaws an instance.
func (s *system) resume(ctx context.Context, m *member) error {
	if err := s.engine.api.ContainerUnpause(ctx, m.id); err != nil && !notPaused(err) {
		return fmt.Errorf("resume %s: %w", m.name(), err)
	}
	m.paused = false
	return nil
}

// kill ends an instance with SIGKILL. A paused one is resumed first, since the engine refuses to kill it.
func (s *system) kill(ctx context.Context, m *member) error {
	if m.dead {
		return nil
	}
	if m.paused {
		if err := s.resume(ctx, m); err != nil {
			return err
		}
	}
	s.lastCounters(ctx, m)
	m.expected.Add(1)
	var group errgroup.Group
	group.Go(func() error { return s.redirect(ctx, m, nobody) })
	group.Go(func() error {
		err := s.engine.api.ContainerKill(ctx, m.id, "SIGKILL")
		if err != nil {
			m.expected.Add(-1)
		}
		if err != nil && !errdefs.IsConflict(err) { // conflict: it is not running
			return fmt.Errorf("kill %s: %w", m.name(), err)
		}
		m.dead = true
		return nil
	})
	return group.Wait()
}

// nobody is an address in the mesh's own container where nobody listens.
const nobody = "127.0.0.1:9"

// redirect lets the edges into an instance lead to another address. With a container its address
// vanishes and connections to it would hang; with a process that was killed its port is closed, and
// they are refused at once. A crash is the latter, on every engine.
func (s *system) redirect(ctx context.Context, m *member, address string) error {
	for _, edge := range s.into[m.name()] {
		if err := s.mesh.SetUpstream(ctx, edge, address); err != nil {
			return fmt.Errorf("lead %s to %s: %w", edge, address, err)
		}
	}
	return nil
}

// lastCounters reads what an instance has counted just before it is killed, if it answers at once.
func (s *system) lastCounters(ctx context.Context, m *member) {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	s.observeMember(ctx, m)
}

// revive starts a dead instance again, with the data and the address it had, and waits until it is healthy.
func (s *system) revive(ctx context.Context, m *member) error {
	m.admin.CloseIdleConnections()
	if err := s.writeConfiguration(ctx, m); err != nil {
		return err
	}
	if err := s.engine.start(ctx, m.id); err != nil {
		return fmt.Errorf("start %s again: %w", m.name(), err)
	}
	m.dead, m.behaving, m.asked = false, faults.Behaviour{}, nil
	m.restarts.Add(1)
	m.log.started()
	// Callers may come as soon as it listens, as they may with a process: health is only when we stop waiting.
	if err := s.redirect(ctx, m, m.place.address()); err != nil {
		return err
	}
	if err := s.awaitHealth(ctx, m); err != nil {
		return err
	}
	if m.withdrawn {
		s.withdrawal(m).End(ctx)
		m.withdrawn = false
	}
	return nil
}

// limitCPU gives the instance the least CPU that is asked for, or what the scenario gives it.
func (s *system) limitCPU(ctx context.Context, m *member) error {
	want := m.place.instance.Node.CPUs
	for _, c := range m.cpus {
		if want == 0 || c.cpus < want {
			want = c.cpus
		}
	}
	if want == m.limit {
		return nil
	}
	resources := container.Resources{NanoCPUs: nanoCPUs(want)}
	if want == 0 {
		// To the engine 0 means "leave it": as many CPUs as there are is no limit.
		all, err := s.engine.cpus(ctx)
		if err != nil {
			return err
		}
		resources.NanoCPUs = nanoCPUs(float64(all))
	}
	if _, err := s.engine.api.ContainerUpdate(ctx, m.id, container.UpdateConfig{Resources: resources}); err != nil {
		return fmt.Errorf("limit %s to %g CPUs: %w", m.name(), want, err)
	}
	m.limit = want
	return nil
}

// behave tells a built-in node how to misbehave; a node that was restarted has forgotten.
func (s *system) behave(ctx context.Context, m *member) error {
	if m.place.image() {
		return nil
	}
	want := combined(m.behaviours)
	if want == m.behaving {
		return nil
	}
	if err := s.putBehaviour(ctx, m, want); err != nil {
		return fmt.Errorf("make %s misbehave: %w", m.name(), err)
	}
	m.behaving = want
	return nil
}

// combined is several misbehaviours at once.
func combined(behaviours []behaviour) faults.Behaviour {
	all := make([]*faults.Behaviour, len(behaviours))
	for i := range behaviours {
		all[i] = &behaviours[i].what
	}
	return faults.Combine(all...)
}

func (s *system) putBehaviour(ctx context.Context, m *member, b faults.Behaviour) error {
	if b == (faults.Behaviour{}) {
		return s.tell(ctx, m, http.MethodDelete, wire.AdminBehave, nil)
	}
	data, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return s.tell(ctx, m, http.MethodPut, wire.AdminBehave, data)
}

// ask tells a built-in node what is asked of it now; one that was restarted has forgotten.
func (s *system) ask(ctx context.Context, m *member) error {
	want := make([]faults.Ask, 0, len(m.asks))
	for _, a := range m.asks {
		want = append(want, a.what)
	}
	if m.place.image() || slices.Equal(want, m.asked) {
		return nil
	}
	data, err := json.Marshal(want)
	if err != nil {
		return err
	}
	if err := s.tell(ctx, m, http.MethodPut, wire.AdminAsks, data); err != nil {
		return fmt.Errorf("ask %s: %w", m.name(), err)
	}
	m.asked = want
	return nil
}

// tell asks a built-in node's admin address to do something.
func (s *system) tell(ctx context.Context, m *member, method, path string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	url := "http://" + m.place.adminAddress() + path
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	if err != nil {
		return err
	}
	answer, err := m.admin.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // it only explains the status
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, text)
	}
	return nil
}

// notPaused tells the engine's refusal to resume what is not paused.
func notPaused(err error) bool { return errdefs.IsConflict(err) || errdefs.IsNotFound(err) }
