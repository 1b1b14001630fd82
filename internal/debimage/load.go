package debimage

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// load gives the engine an image of one layer, the file system made from the packages, by way of a file in dir.
func load(ctx context.Context, api *client.Client, name, dir string, r recipe, packages []string) error {
	layer, err := os.Create(filepath.Join(dir, "layer.tar"))
	if err != nil {
		return err
	}
	defer layer.Close()
	sum := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(layer, sum), 1<<20)
	if err := errors.Join(writeTree(ctx, buffered, r, packages), buffered.Flush()); err != nil {
		return err
	}
	read, write := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := writeArchive(write, name, r.config, layer, fmt.Sprintf("sha256:%x", sum.Sum(nil)))
		_ = write.CloseWithError(err) // always nil
		written <- err
	}()
	answer, err := api.ImageLoad(ctx, read, client.ImageLoadWithQuiet(true))
	said := ""
	if err == nil {
		var text []byte
		text, err = io.ReadAll(answer.Body)
		said = string(text)
		_ = answer.Body.Close() // only read
	}
	_ = read.Close()                                                             // ends the writer when the engine has not read to the end
	if wrote := <-written; wrote != nil && !errors.Is(wrote, io.ErrClosedPipe) { // else the engine stopped reading: it says why
		return wrote
	}
	if err != nil {
		return fmt.Errorf("load %s: %w", name, err)
	}
	if there, err := exists(ctx, api, name); err != nil || !there {
		return errors.Join(fmt.Errorf("load %s: the engine does not have it afterwards: %s", name, said), err)
	}
	return nil
}

// writeArchive writes what docker load reads.
func writeArchive(to io.Writer, name string, c container.Config, layer *os.File, sum string) error {
	c.Entrypoint = []string{"/entrypoint"}
	c.Labels = map[string]string{"squall.test": "debimage"}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "config": c, "created": time.Now().UTC(),
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{sum}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	w := tar.NewWriter(to)
	for _, part := range []struct {
		name string
		data []byte
	}{{"config.json", config}, {"manifest.json", manifest}} {
		if err := w.WriteHeader(&tar.Header{Name: part.name, Mode: 0o644, Size: int64(len(part.data))}); err != nil {
			return err
		}
		if _, err := w.Write(part.data); err != nil {
			return err
		}
	}
	size, err := layer.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: "layer.tar", Mode: 0o644, Size: size}); err != nil {
		return err
	}
	if _, err := io.Copy(w, layer); err != nil {
		return err
	}
	return w.Close()
}
