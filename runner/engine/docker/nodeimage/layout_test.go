package nodeimage

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/squallhq/squall/internal/squallbin"
)

// The archive is read from its index, as who reads OCI layouts does, and from manifest.json, as docker load does: both lead to the same bytes, each of the
// digest and the length that are said of it, and the layer to what the configuration has.
func TestArchiveIsBoth(t *testing.T) {
	t.Parallel()
	exe := squallbin.Program(t, staticProgram, "0")
	archive := func() (packed *Packed, data []byte) {
		i, err := New(exe, "amd64")
		if err != nil {
			t.Fatal(err)
		}
		packed, err = i.Pack(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := packed.WriteArchive(&out, "localhost/squall:1"); err != nil {
			t.Fatal(err)
		}
		return packed, out.Bytes()
	}
	packed, data := archive()
	if _, again := archive(); !bytes.Equal(data, again) {
		t.Error("equal programs give two archives")
	}
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string, into any) {
		if err := json.Unmarshal(files[name], into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var index ocispec.Index
	read("index.json", &index)
	blob := func(d ocispec.Descriptor) (name string, text []byte) {
		name = "blobs/sha256/" + d.Digest.Encoded()
		if text = files[name]; int64(len(text)) != d.Size || digest.FromBytes(text) != d.Digest {
			t.Errorf("%s has %d bytes of %s, want %d", name, len(text), digest.FromBytes(text), d.Size)
		}
		return name, text
	}
	if len(index.Manifests) != 1 || index.Manifests[0].Digest != packed.Manifest.Digest || index.Manifests[0].Annotations["io.containerd.image.name"] != "localhost/squall:1" {
		t.Fatalf("index %+v", index)
	}
	manifestName, _ := blob(index.Manifests[0])
	var manifest ocispec.Manifest
	read(manifestName, &manifest)
	configName, _ := blob(manifest.Config)
	layerName, layer := blob(manifest.Layers[0])
	var config ocispec.Image
	read(configName, &config)
	z, err := gzip.NewReader(bytes.NewReader(layer))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil || len(config.RootFS.DiffIDs) != 1 || config.RootFS.DiffIDs[0] != digest.FromBytes(plain) {
		t.Errorf("the layer is %s, %v; the configuration has %v", digest.FromBytes(plain), err, config.RootFS.DiffIDs)
	}
	var docker []struct {
		Config           string
		RepoTags, Layers []string
	}
	read("manifest.json", &docker)
	if len(docker) != 1 || docker[0].Config != configName || strings.Join(docker[0].Layers, " ") != layerName || docker[0].RepoTags[0] != "localhost/squall:1" {
		t.Errorf("manifest.json is %+v", docker)
	}
}

// A program that is another one when it is packed is told.
func TestPackOfAnotherProgram(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(squallbin.Program(t, staticProgram, "0"))
	if err != nil {
		t.Fatal(err)
	}
	exe := t.TempDir() + "/program"
	if err := os.WriteFile(exe, data, 0o700); err != nil {
		t.Fatal(err)
	}
	i, err := New(exe, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(exe, append(data, 0), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Pack(t.TempDir()); err == nil || !strings.Contains(err.Error(), "has changed while it was read") {
		t.Errorf("%v", err)
	}
}
