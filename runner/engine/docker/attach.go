package docker

import (
	"archive/tar"
	"context"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/squallhq/squall/runner/engine/docker/imagenode"
)

// attach copies what an image's node is given into its container, which has not started yet.
func (i *instance) attach(ctx context.Context) error {
	n := i.place.instance.Node
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
			return i.engine.api.CopyToContainer(ctx, i.id, "/", from, container.CopyToContainerOptions{})
		})
	if err != nil {
		return fmt.Errorf("give it its files: %w", err)
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
