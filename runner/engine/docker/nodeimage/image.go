// Package nodeimage makes a container image of a squall binary, with the loader and libraries that a dynamic one needs: one layer, known by
// its digest before it exists. It knows no engine.
package nodeimage

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// Name is the repository of the images made here; the tag is the start of the image's digest.
	Name = "squall"
	// User is who the built-in nodes run as: nobody that the host knows.
	User = 65532
	// Label is on images: the SHA-256 of the binary in it.
	Label = "squall.binary"
	// Binary is where the binary is in its image.
	Binary = "/squall"
)

// Image is an image made of a squall binary: one layer, known by its digest before it exists.
type Image struct {
	// Exe is the binary that it is made of.
	Exe    string
	binary executable
	// BinarySum is the SHA-256 of the binary.
	BinarySum string
	// Ref is the image's name.
	Ref string
	// Config is its configuration, whose digest names it.
	Config []byte
	layer  string // the layer's digest, hex
}

// New computes an image without making it. Equal binaries give equal images.
func New(exe string, architecture string) (*Image, error) {
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
	image := &Image{Exe: exe, binary: b}
	layer, own := sha256.New(), sha256.New()
	if err := image.WriteLayer(layer, own); err != nil {
		return nil, err
	}
	image.layer, image.BinarySum = sum(layer), sum(own)
	if image.Config, err = json.Marshal(image.configuration(architecture)); err != nil {
		return nil, fmt.Errorf("describe the image of %s: %w", exe, err)
	}
	id := sha256.Sum256(image.Config)
	image.Ref = Name + ":" + hex.EncodeToString(id[:])[:16]
	return image, nil
}

// Needs are the files that a dynamic binary takes along, by their paths in the image; none of a static one.
func (i *Image) Needs() []string {
	var out []string
	for _, d := range i.binary.needs {
		out = append(out, d.target)
	}
	return out
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

func (i *Image) configuration(architecture string) imageConfig {
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
			User: fmt.Sprintf("%d:%d", User, User), Env: env, Entrypoint: []string{Binary}, WorkingDir: "/data",
			Labels: map[string]string{Label: i.BinarySum},
		},
		RootFS:  ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.NewDigestFromEncoded(digest.SHA256, i.layer)}},
		Created: "1970-01-01T00:00:00Z", // equal binaries make equal images
	}
}

// WriteLayer writes the image's file system; own gets the binary's bytes.
func (i *Image) WriteLayer(to, own io.Writer) error {
	w := tar.NewWriter(to)
	for _, file := range []struct {
		name, text string
		mode       int64
		owner      int
	}{
		{name: "data/", mode: 0o755, owner: User},
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, text: fmt.Sprintf("root:x:0:\nsquall:x:%d:\n", User)},
		{name: "etc/passwd", mode: 0o644, text: fmt.Sprintf("root:x:0:0:root:/:/none\nsquall:x:%d:%d:squall:/data:/none\n", User, User)},
		{name: "tmp/", mode: 0o1777},
	} {
		if err := WriteFile(w, tar.Header{Name: file.name, Mode: file.mode, Uid: file.owner, Gid: file.owner}, strings.NewReader(file.text), int64(len(file.text))); err != nil {
			return err
		}
	}
	if err := i.writeLibraries(w); err != nil {
		return err
	}
	if err := copyFile(w, i.Exe, strings.TrimPrefix(Binary, "/"), own); err != nil {
		return err
	}
	return w.Close()
}

func (i *Image) writeLibraries(w *tar.Writer) error {
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
		if err := WriteFile(w, tar.Header{Name: folder + "/", Mode: 0o755}, nil, 0); err != nil {
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
	return WriteFile(w, tar.Header{Name: target, Mode: 0o755}, io.TeeReader(f, also), info.Size())
}

// WriteFile writes one entry; a name that ends in a slash is a folder. Times are zero, so that
// equal content makes equal archives.
func WriteFile(w *tar.Writer, h tar.Header, content io.Reader, size int64) error {
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

// WriteArchive writes the image as `docker save` would: manifest, configuration, layer.
func (i *Image) WriteArchive(to io.Writer, layerSize int64) error {
	id := sha256.Sum256(i.Config)
	config := hex.EncodeToString(id[:]) + ".json"
	manifest, err := json.Marshal([]map[string]any{{
		"Config": config, "RepoTags": []string{i.Ref}, "Layers": []string{i.layer + "/layer.tar"},
	}})
	if err != nil {
		return fmt.Errorf("describe the image: %w", err)
	}
	w := tar.NewWriter(to)
	for name, data := range map[string][]byte{config: i.Config, "manifest.json": manifest} {
		if err := WriteFile(w, tar.Header{Name: name, Mode: 0o644}, bytes.NewReader(data), int64(len(data))); err != nil {
			return err
		}
	}
	if err := w.WriteHeader(&tar.Header{Name: i.layer + "/layer.tar", Mode: 0o644, Size: layerSize, Typeflag: tar.TypeReg}); err != nil {
		return fmt.Errorf("write the layer: %w", err)
	}
	check := sha256.New()
	if err := i.WriteLayer(io.MultiWriter(w, check), io.Discard); err != nil {
		return err
	}
	if sum(check) != i.layer {
		return fmt.Errorf("make the image: %s has changed while it was read", i.Exe)
	}
	return w.Close()
}

// Sum is a binary's SHA-256.
func Sum(exe string) (string, error) {
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
