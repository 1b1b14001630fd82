package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// imageName is the repository of the images made here; the tag is the start of the image's digest.
	imageName = "squall"
	// user is who the built-in nodes run as: nobody that the host knows.
	user = 65532
	// binaryPath is where the binary is in its image.
	binaryPath = "/squall"
)

// nodeImage is an image made of a squall binary: one layer, known by its digest before it exists.
type nodeImage struct {
	exe    string
	binary executable
	// sum is the binary's SHA-256, ref the image's name.
	sum, ref string
	config   []byte
	layer    string // the layer's digest, hex
}

// newNodeImage computes an image without making it. Equal binaries give equal images.
func newNodeImage(exe string, architecture string) (*nodeImage, error) {
	exe, err := linuxBinary(exe, architecture)
	if err != nil {
		return nil, err
	}
	b, err := inspectBinary(exe)
	if err != nil {
		return nil, err
	}
	if err := b.runsOn(architecture); err != nil {
		return nil, fmt.Errorf("put %s in a container: %w", exe, err)
	}
	image := &nodeImage{exe: exe, binary: b}
	layer, own := sha256.New(), sha256.New()
	if err := image.writeLayer(layer, own); err != nil {
		return nil, err
	}
	image.layer, image.sum = sum(layer), sum(own)
	if image.config, err = json.Marshal(image.configuration(architecture)); err != nil {
		return nil, fmt.Errorf("describe the image of %s: %w", exe, err)
	}
	id := sha256.Sum256(image.config)
	image.ref = imageName + ":" + hex.EncodeToString(id[:])[:16]
	return image, nil
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// imageConfig is an image's configuration: OCI's, with Docker's health check.
type imageConfig struct {
	Architecture string         `json:"architecture"`
	OS           string         `json:"os"`
	Config       containerSpec  `json:"config"`
	RootFS       ocispec.RootFS `json:"rootfs"`
	Created      string         `json:"created"`
}

type containerSpec struct {
	User       string            `json:"User"`
	Env        []string          `json:"Env"`
	Entrypoint []string          `json:"Entrypoint"`
	WorkingDir string            `json:"WorkingDir"`
	Labels     map[string]string `json:"Labels"`
}

func (i *nodeImage) configuration(architecture string) imageConfig {
	names := map[string]string{"x86_64": "amd64", "aarch64": "arm64"}
	if name, is := names[architecture]; is {
		architecture = name
	}
	var env []string
	if len(i.binary.needs) > 0 {
		env = append(env, "LD_LIBRARY_PATH=/"+libraryFolder)
	}
	return imageConfig{
		Architecture: architecture,
		OS:           "linux",
		Config: containerSpec{
			User: fmt.Sprintf("%d:%d", user, user), Env: env, Entrypoint: []string{binaryPath}, WorkingDir: "/data",
			Labels: map[string]string{labelBinary: i.sum},
		},
		RootFS:  ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.NewDigestFromEncoded(digest.SHA256, i.layer)}},
		Created: "1970-01-01T00:00:00Z", // equal binaries make equal images
	}
}

// writeLayer writes the image's file system; own gets the binary's bytes.
func (i *nodeImage) writeLayer(to, own io.Writer) error {
	w := tar.NewWriter(to)
	for _, file := range []struct {
		name, text string
		mode       int64
		owner      int
	}{
		{name: "data/", mode: 0o755, owner: user},
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, text: fmt.Sprintf("root:x:0:\nsquall:x:%d:\n", user)},
		{name: "etc/passwd", mode: 0o644, text: fmt.Sprintf("root:x:0:0:root:/:/none\nsquall:x:%d:%d:squall:/data:/none\n", user, user)},
		{name: "tmp/", mode: 0o1777},
	} {
		if err := writeFile(w, tar.Header{Name: file.name, Mode: file.mode, Uid: file.owner, Gid: file.owner}, strings.NewReader(file.text), int64(len(file.text))); err != nil {
			return err
		}
	}
	if err := i.writeLibraries(w); err != nil {
		return err
	}
	if err := copyFile(w, i.exe, strings.TrimPrefix(binaryPath, "/"), own); err != nil {
		return err
	}
	return w.Close()
}

func (i *nodeImage) writeLibraries(w *tar.Writer) error {
	var folders []string
	for _, need := range i.binary.needs {
		for folder := path.Dir(need.target); folder != "."; folder = path.Dir(folder) {
			if !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
		}
	}
	slices.Sort(folders) // parents first
	for _, folder := range folders {
		if err := writeFile(w, tar.Header{Name: folder + "/", Mode: 0o755}, nil, 0); err != nil {
			return err
		}
	}
	for _, need := range i.binary.needs {
		if err := copyFile(w, need.source, need.target, io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// copyFile puts a file of this machine into an archive, executable.
func copyFile(w *tar.Writer, source, target string, also io.Writer) error {
	f, err := os.Open(source)
	if err != nil {
		return fmt.Errorf("put %s into the image: %w", source, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("put %s into the image: %w", source, err)
	}
	return writeFile(w, tar.Header{Name: target, Mode: 0o755}, io.TeeReader(f, also), info.Size())
}

// writeFile writes one entry; a name that ends in a slash is a folder. Times are zero, so that
// equal content makes equal archives.
func writeFile(w *tar.Writer, h tar.Header, content io.Reader, size int64) error {
	h.Typeflag, h.Size, h.ModTime, h.Format = tar.TypeReg, size, time.Unix(0, 0), tar.FormatPAX
	if strings.HasSuffix(h.Name, "/") {
		h.Typeflag, h.Size = tar.TypeDir, 0
	}
	if err := w.WriteHeader(&h); err != nil {
		return fmt.Errorf("write %s to the archive: %w", h.Name, err)
	}
	if h.Size == 0 {
		return nil
	}
	if _, err := io.CopyN(w, content, size); err != nil {
		return fmt.Errorf("write %s to the archive: %w", h.Name, err)
	}
	return nil
}

// writeArchive writes the image as `docker save` would: manifest, configuration, layer.
func (i *nodeImage) writeArchive(to io.Writer, layerSize int64) error {
	id := sha256.Sum256(i.config)
	config := hex.EncodeToString(id[:]) + ".json"
	manifest, err := json.Marshal([]map[string]any{{
		"Config": config, "RepoTags": []string{i.ref}, "Layers": []string{i.layer + "/layer.tar"},
	}})
	if err != nil {
		return fmt.Errorf("describe the image: %w", err)
	}
	w := tar.NewWriter(to)
	for name, data := range map[string][]byte{config: i.config, "manifest.json": manifest} {
		if err := writeFile(w, tar.Header{Name: name, Mode: 0o644}, bytes.NewReader(data), int64(len(data))); err != nil {
			return err
		}
	}
	if err := w.WriteHeader(&tar.Header{Name: i.layer + "/layer.tar", Mode: 0o644, Size: layerSize, Typeflag: tar.TypeReg}); err != nil {
		return fmt.Errorf("write the layer: %w", err)
	}
	check := sha256.New()
	if err := i.writeLayer(io.MultiWriter(w, check), io.Discard); err != nil {
		return err
	}
	if sum(check) != i.layer {
		return fmt.Errorf("make the image: %s has changed while it was read", i.exe)
	}
	return w.Close()
}

// binarySum is a binary's SHA-256.
func binarySum(exe string) (string, error) {
	f, err := os.Open(exe)
	if err != nil {
		return "", fmt.Errorf("read the binary of the containers: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the binary of the containers: %w", err)
	}
	return sum(h), nil
}

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
		if e.image, err = newNodeImage(e.options.Exe, info.Architecture); err != nil {
			return "", err
		}
	}
	err := e.claim(ctx, e.image.ref)
	if errdefs.IsNotFound(err) {
		if err := e.load(ctx, e.image); err != nil {
			return "", err
		}
		err = e.claim(ctx, e.image.ref)
	}
	if err != nil {
		return "", fmt.Errorf("claim the image %s: %w", e.image.ref, err)
	}
	return e.image.ref, nil
}

// claim gives an image the name that it has, from which the engine takes when it was last wanted: for
// imageGrace no other squall removes it. Loading alone sets no such time. An image that is not there
// is a not-found error.
func (e *Engine) claim(ctx context.Context, ref string) error { return e.api.ImageTag(ctx, ref, ref) }

func (e *Engine) load(ctx context.Context, image *nodeImage) error {
	size := new(countingWriter)
	if err := image.writeLayer(size, io.Discard); err != nil {
		return err
	}
	read, write := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := image.writeArchive(write, size.n)
		_ = write.CloseWithError(err) // always nil
		written <- err
	}()
	err := e.loadArchive(ctx, read)
	_ = read.CloseWithError(io.ErrClosedPipe) // ends the writer when the engine has not read to the end
	if wrote := <-written; wrote != nil && !errors.Is(wrote, io.ErrClosedPipe) {
		err = wrote
	}
	if err != nil {
		return fmt.Errorf("load the image %s made from %s: %w", image.ref, image.exe, err)
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
