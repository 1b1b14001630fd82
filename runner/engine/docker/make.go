package docker

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults/mesh/remote"
	"github.com/squallhq/squall/runner/engine/docker/imagenode"
)

// atOnce bounds how many calls of one sort the engine gets at the same time: it serialises much
// of its work, and beyond this only the waiting grows.
const atOnce = 8

// slot waits for a turn and returns what gives it back.
func slot(ctx context.Context, slots chan struct{}) (func(), error) {
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// makeNetwork makes one network.
func (t *testbed) makeNetwork(ctx context.Context, what string, s subnet, internal bool) (string, error) {
	release, err := slot(ctx, t.networkSlots)
	if err != nil {
		return "", err
	}
	defer release()
	return t.engine.createNetwork(ctx, t.name(what), s, internal, t.labels(what))
}

// create makes a container. Another squall may have cleaned up our image as one that nobody uses,
// in the moment before somebody did: then it is made again.
func (t *testbed) create(ctx context.Context, s spec) (string, error) {
	id, err := t.engine.create(ctx, s)
	if !errdefs.IsNotFound(err) || s.config.Image != t.image {
		return id, err
	}
	if _, err := t.engine.ensureImage(ctx); err != nil {
		return "", err
	}
	return t.engine.create(ctx, s)
}

// make makes an instance's networks and its container, and puts the mesh, once it answers, on those networks.
func (i *instance) make(ctx context.Context, meshed <-chan struct{}) error {
	networks, err := i.makeNetworks(ctx)
	if err != nil {
		return err
	}
	i.networks = networks
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return i.joinMesh(ctx, meshed, networks) })
	group.Go(func() error {
		if imagenode.HasSized(i.place.instance.Node) { // the mesh holds its volumes: what the image has in them is copied there
			if err := wait(ctx, meshed); err != nil {
				return err
			}
		}
		return i.create(ctx)
	})
	return group.Wait()
}

func (i *instance) makeNetworks(ctx context.Context) ([]string, error) {
	var ids []string
	for n, link := range i.place.links {
		what := i.place.name()
		if n > 0 {
			what += "." + strconv.Itoa(n+1)
		}
		id, err := i.makeNetwork(ctx, what, link.subnet, true)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// wait waits for a channel that is closed.
func wait(ctx context.Context, what <-chan struct{}) error {
	select {
	case <-what:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (i *instance) joinMesh(ctx context.Context, meshed <-chan struct{}, networks []string) error {
	if err := wait(ctx, meshed); err != nil {
		return err
	}
	for n, link := range i.place.links {
		if err := i.engine.connect(ctx, networks[n], i.meshID, link.subnet.mesh().String(), i.place.aliases(link)); err != nil {
			return fmt.Errorf("join the mesh: %w", err)
		}
	}
	return nil
}

// create makes its container on its networks.
func (i *instance) create(ctx context.Context) error {
	release, err := slot(ctx, i.createSlots)
	if err != nil {
		return err
	}
	defer release()
	name := i.place.name()
	var s spec
	if err := i.equip(ctx); err != nil {
		return err
	}
	if i.place.image() {
		if s, err = i.imageSpec(i.id, i.labels(name)); err != nil {
			return err
		}
		s.config.Image = i.ref()
	} else {
		s = nodeSpec(i.place, i.id, i.image, i.labels(name))
	}
	s.network = i.networks[0]
	if _, err = i.testbed.create(ctx, s); err != nil {
		return err
	}
	i.log = i.follow(name, i.id)
	if err := i.attach(ctx); err != nil {
		return err
	}
	for n, id := range i.networks[1:] {
		if err := i.engine.connect(ctx, id, i.id, i.place.links[n+1].subnet.node().String(), nil); err != nil {
			return err
		}
	}
	return nil
}

// meshName is the mesh's among the nodes.
const meshName = "mesh"

// startMesh starts the mesh on the control network and waits until it answers.
func (t *testbed) startMesh(ctx, owned context.Context, control string) (err error) {
	token := rand.Text()
	s := meshSpec(t.name(meshName), t.image, t.layout.control, t.labels(meshName))
	s.host.Mounts = append(s.host.Mounts, imagenode.Held(t.Plan, t.volumes, t.labels(meshName))...)
	s.network = control
	if t.meshID, err = t.create(ctx, s); err != nil {
		return err
	}
	address := at(t.layout.control.mesh(), controlPort)
	config := remote.Config{Control: address, API: "127.0.0.1:" + strconv.Itoa(apiPort), Token: token, Seed: t.Plan.Seed}
	err = t.follows[meshName].ask(events.ActionExtractToDir, func() error { return t.engine.write(ctx, t.meshID, config) })
	if err != nil {
		return fmt.Errorf("write the configuration of the mesh container: %w", err)
	}
	log := t.follow(meshName, t.meshID)
	if err := t.follows[meshName].ask(events.ActionStart, func() error { return t.engine.start(ctx, t.meshID) }); err != nil {
		return fmt.Errorf("start the mesh container: %w", err)
	}
	log.started()
	if err := t.reach(ctx, token); err != nil {
		return err
	}
	return t.forwardToxiproxy(owned)
}

const (
	// meshTimeout bounds how long a mesh may take to answer after its start.
	meshTimeout = 30 * time.Second
	// tryTimeout bounds one try: on some engines container addresses lead nowhere.
	tryTimeout = 500 * time.Millisecond
)

// reach finds the way to the mesh and waits until it answers on it.
func (t *testbed) reach(ctx context.Context, token string) error {
	direct := at(t.layout.control.mesh(), controlPort)
	deadline := time.Now().Add(meshTimeout)
	var last error
	for time.Now().Before(deadline) {
		if t.engine.options.Reach != ReachPublished {
			if last = t.tryDirect(ctx, direct, token); last == nil {
				return nil
			}
		}
		if t.engine.options.Reach != ReachDirect {
			published, err := t.engine.publishedPort(ctx, t.meshID)
			if err != nil {
				return err
			}
			if last = t.tryMesh(ctx, published, token); last == nil {
				// It may have begun to answer between the two: its own address is the shorter way, and the one of generators.
				byPort := t.mesh
				if t.engine.options.Reach != ReachPublished && t.tryDirect(ctx, direct, token) == nil {
					byPort.Disconnect()
					return nil
				}
				t.Progress("the mesh is reached through its published port " + published)
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("reach the mesh container within %s, at its own address %s or through a port published on 127.0.0.1: %w; an engine on another machine can't be used from here",
		meshTimeout, direct, last)
}

// tryDirect is tryMesh at the container's own address.
func (t *testbed) tryDirect(ctx context.Context, address, token string) error {
	if err := t.tryMesh(ctx, address, token); err != nil {
		return err
	}
	t.direct = true
	t.Progress("the mesh is reached at its container's address " + address)
	return nil
}

// tryMesh asks for the mesh's counters: an answer to our token comes from our mesh and nobody else.
func (t *testbed) tryMesh(ctx context.Context, address, token string) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	candidate := remote.NewClient(address, token, nil)
	if _, err := candidate.Stats(ctx); err != nil {
		candidate.Disconnect()
		return err
	}
	t.mesh = candidate
	return nil
}

// forwardToxiproxy makes toxiproxy's API answer on this machine's loopback until ctx ends.
func (t *testbed) forwardToxiproxy(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for toxiproxy's API: %w", err)
	}
	t.toxiproxy = listener.Addr().String()
	t.owned.Go(func() {
		// A client that was cut off is told by its own error.
		_ = t.mesh.Forward(ctx, listener, "127.0.0.1:"+strconv.Itoa(apiPort))
	})
	t.Progress("toxiproxy's API: http://" + t.toxiproxy)
	return nil
}

// publishedPort is the address on this machine of the mesh's control port.
func (e *Engine) publishedPort(ctx context.Context, id string) (string, error) {
	inspected, err := e.api.ContainerInspect(ctx, id)
	if err != nil {
		return "", fmt.Errorf("look at the mesh container: %w", err)
	}
	for _, bindings := range inspected.NetworkSettings.Ports {
		for _, b := range bindings {
			return net.JoinHostPort("127.0.0.1", b.HostPort), nil
		}
	}
	return "", fmt.Errorf("the mesh container's control port is not published: it is %s", inspected.State.Status)
}

// remake puts a container of another image in the place of the one that has ended: with its name, addresses and volumes.
func (i *instance) remake(ctx context.Context, image string) error {
	close(i.log.over)
	if err := wait(ctx, i.log.done); err != nil { // the last lines of what has ended
		return err
	}
	err := i.engine.api.ContainerRemove(ctx, i.id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if !removed(err) {
		return fmt.Errorf("remove its container: %w", err)
	}
	i.runs, i.limit, i.memory = image, i.place.instance.Node.CPUs, 0
	i.cpu.forget()
	if err := i.create(ctx); err != nil {
		return fmt.Errorf("make a container of %s: %w", image, err)
	}
	return nil
}
