package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"runtime"
	"strings"
	"sync"
)

// WriteImage writes an image of one file, a static program, as `docker save` would.
func WriteImage(to io.Writer, name, program, as string) error {
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	var layer bytes.Buffer
	if err := writeTar(&layer, entry{strings.TrimPrefix(as, "/"), 0o755, data}); err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "config": map[string]any{"Entrypoint": []string{path.Clean(as)}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digest(layer.Bytes())}},
	})
	if err != nil {
		return err
	}
	configName := fmt.Sprintf("%x.json", sha256.Sum256(config))
	manifest, err := json.Marshal([]map[string]any{{"Config": configName, "RepoTags": []string{name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	return writeTar(to, entry{"manifest.json", 0o644, manifest}, entry{configName, 0o644, config}, entry{"layer.tar", 0o644, layer.Bytes()})
}

func digest(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

type entry struct {
	name string
	mode int64
	data []byte
}

func writeTar(to io.Writer, entries ...entry) error {
	w := tar.NewWriter(to)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.data))}); err != nil {
			return fmt.Errorf("write %s to an image: %w", e.name, err)
		}
		if _, err := w.Write(e.data); err != nil {
			return fmt.Errorf("write %s to an image: %w", e.name, err)
		}
	}
	return w.Close()
}

// Load gives every node the images of an archive, such as `docker save` writes.
func (c *Cluster) Load(ctx context.Context, archive string) error {
	errs := make([]error, len(c.Nodes))
	var all sync.WaitGroup
	for i, node := range c.Nodes {
		all.Go(func() {
			command := exec.CommandContext(ctx, "ctr", "--address", c.containerd(node), "--namespace", "k8s.io", "images", "import", archive)
			if out, err := command.CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("load %s into %s: %w: %s", archive, node, err, strings.TrimSpace(string(out)))
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
