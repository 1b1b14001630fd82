package docker

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/docker/imagenode"
	"github.com/squallhq/squall/runner/engine/surroundings"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// attach copies what an image's node is given into its container, which has not started yet.
func (i *instance) attach(ctx context.Context) error {
	return i.copyGiven(ctx, i.given.Node)
}

// copyGiven copies what a node is given into the container.
func (i *instance) copyGiven(ctx context.Context, n *scenarios.Node) error {
	if !imagenode.Given(n) {
		return nil
	}
	owners := &imagenode.Owners{}
	if imagenode.NeedsOwners(n) { // read before: while something is copied into a container nothing can be copied out of it
		for path, into := range map[string]*[]byte{imagenode.UsersFile: &owners.Users, imagenode.GroupsFile: &owners.Groups} {
			data, err := i.engine.readFrom(ctx, i.id, path)
			if err != nil && !errdefs.IsNotFound(err) {
				return fmt.Errorf("read the image's %s: %w", path, err)
			}
			*into = data
		}
	}
	err := piped(
		func(to io.Writer) error { return imagenode.Archive(to, n, i.Plan.Scenario.Folder, owners) },
		func(from io.Reader) error {
			return i.acts.ask(events.ActionExtractToDir, func() error {
				return i.engine.api.CopyToContainer(ctx, i.id, "/", from, container.CopyToContainerOptions{})
			})
		})
	if err != nil {
		return fmt.Errorf("give it its files: %w", err)
	}
	return nil
}

// anyHost is every address of a container's.
const anyHost = "0.0.0.0"

// equip says what the instance's container is made with: what its node says, and what its part in a real database's replication adds.
func (i *instance) equip(ctx context.Context) error {
	i.given = surroundings.Applied(i.Plan, i.place.instance, surroundings.Place{Host: anyHost, Upstream: func(e topology.Edge) (string, int) {
		return e.ToNode, cmp.Or(e.Port, i.Plan.Scenario.Node(e.ToNode).ServingPort())
	}})
	if n := i.given.Node; n.Certificate != nil && i.place.image() {
		pair, err := i.Authority.Own(i.place.name(), n.CertificateNames())
		if err != nil {
			return err
		}
		i.given.Node = engine.WithCertificate(n, pair.Cert, pair.Key, i.Authority.PEM)
	}
	n := i.given.Node
	if !imagenode.Streams(n) {
		return nil
	}
	var own container.Config
	port := 0
	if n.ReplicaOf != "" {
		found, err := i.engine.api.ImageInspect(ctx, i.ref())
		if err != nil {
			return fmt.Errorf("look at the image %s: %w", n.Image, err)
		}
		own.Entrypoint, own.Cmd = found.Config.Entrypoint, found.Config.Cmd
		port = i.Plan.Scenario.Node(n.ReplicaOf).ServingPort()
	}
	i.given = imagenode.Streaming(i.given, i.Plan, port, &own)
	return nil
}

var _ engine.Certified = (*process)(nil)

// Certify gives the container another certificate and tells what runs in it.
func (k *process) Certify(ctx context.Context, p authority.Pair) error {
	own := k.place.instance.Node
	n := engine.WithCertificate(&scenarios.Node{Name: own.Name, Container: scenarios.Container{Certificate: own.Certificate}}, p.Cert, p.Key, k.Authority.PEM)
	if err := k.copyGiven(ctx, n); err != nil {
		return err
	}
	switch reload := own.Certificate.Reload; {
	case len(reload) == 1 && reload[0] == scenarios.ReloadNone:
		return nil
	case len(reload) == 1 && strings.HasPrefix(reload[0], "SIG"):
		return k.acts.ask(events.ActionKill, func() error { return k.engine.api.ContainerKill(ctx, k.id, reload[0]) })
	default:
		return k.exec(ctx, reload)
	}
}

// exec runs a command in the container and waits for its end. Another code than 0 is an error, with what it said last.
func (k *process) exec(ctx context.Context, command []string) error {
	made, err := k.engine.api.ContainerExecCreate(ctx, k.id, container.ExecOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return err
	}
	var said bytes.Buffer
	err = k.acts.ask(events.ActionExecStart, func() error {
		stream, err := k.engine.api.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
		if err != nil {
			return err
		}
		defer stream.Close()
		stop := context.AfterFunc(ctx, stream.Close)
		defer stop()
		_, err = stdcopy.StdCopy(&said, &said, io.LimitReader(stream.Reader, 1<<20))
		return err
	})
	if err != nil {
		return fmt.Errorf("run %s in it: %w", command[0], err)
	}
	ended, err := k.engine.api.ContainerExecInspect(ctx, made.ID)
	if err != nil {
		return fmt.Errorf("run %s in it: %w", command[0], err)
	}
	if ended.ExitCode != 0 {
		return fmt.Errorf("%s in it ended with exit code %d: %s", command[0], ended.ExitCode, cmp.Or(quoted(said.Bytes()), "it said nothing"))
	}
	return nil
}

// readFrom reads one file of a container.
func (e *Engine) readFrom(ctx context.Context, id, path string) ([]byte, error) {
	content, _, err := e.api.CopyFromContainer(ctx, id, path)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	archive := tar.NewReader(content)
	if _, err := archive.Next(); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(archive, 1<<20))
}
