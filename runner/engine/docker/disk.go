package docker

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/docker/imagenode"
)

var _ engine.Disks = (*process)(nil)

// ballast is the file that fills a volume.
const ballast = ".squall-full"

// Fill has the engine write zeros to a volume of a size: as root and from outside, whatever the image has and whoever it runs as.
func (k *process) Fill(ctx context.Context, volume string, leave int64) (written int64, now engine.Space, err error) {
	before, err := k.space(ctx, volume)
	if err != nil {
		return 0, now, err
	}
	want := max(before.Free-leave, 0)
	if want > 0 {
		err = k.writeBallast(ctx, volume, want)
	}
	if now, errSpace := k.space(ctx, volume); errSpace != nil {
		return 0, now, errSpace
	} else if err == nil {
		return want, now, nil
	} else if full(err) { // it has written meanwhile: what is left of the volume is full all the same
		return max(before.Free-now.Free, 0), now, nil
	}
	return 0, now, err
}

// full tells the engine's word that there was no space left.
func full(err error) bool { return strings.Contains(err.Error(), "no space left on device") }

// Empty leaves nothing of the file but its name, which the engine can't take away.
func (k *process) Empty(ctx context.Context, volume string) (engine.Space, error) {
	before, err := k.space(ctx, volume)
	if err != nil {
		return before, err
	}
	return before, k.writeBallast(ctx, volume, 0)
}

// space is what the volume's file system tells to the mesh, which holds it.
func (k *process) space(ctx context.Context, volume string) (engine.Space, error) {
	held := imagenode.HeldAt(k.Plan, k.volumes, k.place.instance, volume)
	if held == "" {
		return engine.Space{}, fmt.Errorf("it has no volume %s with a size", volume)
	}
	s, err := k.mesh.Space(ctx, held)
	return engine.Space(s), err
}

// zeros are as many zeros as are read.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (k *process) writeBallast(ctx context.Context, volume string, bytes int64) error {
	return piped(func(to io.Writer) error {
		a := tar.NewWriter(to)
		if err := a.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: ballast, Mode: 0o600, Size: bytes}); err != nil {
			return err
		}
		if _, err := io.CopyN(a, zeros{}, bytes); err != nil {
			return err
		}
		return a.Close()
	}, func(from io.Reader) error {
		return k.acts.ask(events.ActionExtractToDir, func() error {
			return k.engine.api.CopyToContainer(ctx, k.id, volume, from, container.CopyToContainerOptions{})
		})
	})
}
