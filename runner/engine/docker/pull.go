package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
)

// pullTimeout bounds the download of one image.
const pullTimeout = 15 * time.Minute

// pullImages gets the scenario's images that the engine does not have. One that it has is used as it is.
func (t *testbed) pullImages(ctx context.Context) error {
	seen := map[string]bool{}
	for _, i := range t.instances {
		name := i.place.instance.Node.Image
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		_, err := t.engine.api.ImageInspect(ctx, name)
		if errdefs.IsNotFound(err) {
			t.Progress("pulling the image " + name)
			err = t.engine.pull(ctx, name)
		}
		if err != nil {
			return fmt.Errorf("get the image %s of node %q: %w", name, i.place.instance.Node.Name, err)
		}
	}
	return nil
}

// pull downloads an image without credentials.
func (e *Engine) pull(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	progress, err := e.api.ImagePull(ctx, name, image.PullOptions{})
	if err == nil {
		defer progress.Close()
		err = streamError(progress)
	}
	if err != nil {
		return fmt.Errorf("pull it: %w; an image that needs a login can be had with `docker pull %s` before", err, name)
	}
	return nil
}
