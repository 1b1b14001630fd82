package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
)

// cpus is how many CPUs the engine has.
func (e *Engine) cpus(ctx context.Context) (int, error) {
	info, err := e.api.Info(ctx)
	if err != nil {
		return 0, e.unavailable(err)
	}
	return info.NCPU, nil
}

// ensureImage makes the image of the binary where the engine does not have it yet, and returns its name.
func (e *Engine) ensureImage(ctx context.Context) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.image == nil {
		info, err := e.api.Info(ctx)
		if err != nil {
			return "", e.unavailable(err)
		}
		if e.image, err = nodeimage.New(e.options.Exe, info.Architecture); err != nil {
			return "", err
		}
	}
	err := e.claim(ctx, e.image.Ref)
	if errdefs.IsNotFound(err) {
		if err := e.load(ctx, e.image); err != nil {
			return "", err
		}
		err = e.claim(ctx, e.image.Ref)
	}
	if err != nil {
		return "", fmt.Errorf("claim the image %s: %w", e.image.Ref, err)
	}
	return e.image.Ref, nil
}

// claim gives an image the name that it has, from which the engine takes when it was last wanted: for
// imageGrace no other squall removes it. Loading alone sets no such time. An image that is not there
// is a not-found error.
func (e *Engine) claim(ctx context.Context, ref string) error { return e.api.ImageTag(ctx, ref, ref) }

func (e *Engine) load(ctx context.Context, image *nodeimage.Image) error {
	size := new(countingWriter)
	if err := image.WriteLayer(size, io.Discard); err != nil {
		return err
	}
	err := piped(
		func(to io.Writer) error { return image.WriteArchive(to, size.n) },
		func(from io.Reader) error { return e.loadArchive(ctx, from) })
	if err != nil {
		return fmt.Errorf("load the image %s made from %s: %w", image.Ref, image.Exe, err)
	}
	return nil
}

func (e *Engine) loadArchive(ctx context.Context, archive io.Reader) error {
	answer, err := e.api.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return streamError(answer.Body)
}

// streamError reads the engine's progress to its end and finds the error in it: the status of the
// answer was sent before the work began.
func streamError(progress io.Reader) error {
	decoder := json.NewDecoder(progress)
	for {
		var line struct {
			Error string `json:"error"`
		}
		if err := decoder.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the engine's answer: %w", err)
		}
		if line.Error != "" {
			return errors.New(line.Error)
		}
	}
}

type countingWriter struct{ n int64 }

func (c *countingWriter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
