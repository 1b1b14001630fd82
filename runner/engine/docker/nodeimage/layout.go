package nodeimage

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Packed is an image as registries have it: its layer compressed, in a file, and a manifest that says what it is of.
type Packed struct {
	// Manifest describes the manifest: its digest is the image's, wherever it is. Config and Layer are what that names.
	Manifest, Config, Layer ocispec.Descriptor
	// Text is the manifest itself.
	Text   []byte
	config []byte
	file   string
}

// Pack compresses the image's layer into a new file of a folder, whose owner removes it. Equal binaries give equal manifests, of one version of Go.
func (i *Image) Pack(folder string) (packed *Packed, err error) {
	f, err := os.CreateTemp(folder, "squall-layer-")
	if err != nil {
		return nil, fmt.Errorf("make a file for the layer: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	plain, compressed, size := sha256.New(), sha256.New(), &length{}
	z := gzip.NewWriter(io.MultiWriter(f, compressed, size))
	if err := errors.Join(i.WriteLayer(io.MultiWriter(z, plain), io.Discard), z.Close()); err != nil {
		return nil, err
	}
	if sum(plain) != i.layer {
		return nil, fmt.Errorf("make the image: %s has changed while it was read", i.Exe)
	}
	p := &Packed{config: i.Config, file: f.Name()}
	p.Config = ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: digest.FromBytes(i.Config), Size: int64(len(i.Config))}
	p.Layer = ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayerGzip, Digest: digest.NewDigestFromEncoded(digest.SHA256, sum(compressed)), Size: size.n}
	p.Text, err = json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, Config: p.Config, Layers: []ocispec.Descriptor{p.Layer},
	})
	if err != nil {
		return nil, fmt.Errorf("describe the image: %w", err)
	}
	p.Manifest = ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromBytes(p.Text), Size: int64(len(p.Text))}
	return p, nil
}

// Open reads what the manifest names.
func (p *Packed) Open(d ocispec.Descriptor) (io.ReadCloser, error) {
	switch d.Digest {
	case p.Config.Digest:
		return io.NopCloser(bytes.NewReader(p.config)), nil
	case p.Layer.Digest:
		return os.Open(p.file)
	}
	return nil, fmt.Errorf("the image has nothing of digest %s", d.Digest)
}

// WriteArchive writes the image as one archive that is an OCI image layout and what `docker save` writes, both: it names the image for who reads either.
func (p *Packed) WriteArchive(to io.Writer, name string) error {
	shown := p.Manifest
	shown.Annotations = map[string]string{"io.containerd.image.name": name, ocispec.AnnotationRefName: name}
	blob := func(d ocispec.Descriptor) string {
		return ocispec.ImageBlobsDir + "/" + string(d.Digest.Algorithm()) + "/" + d.Digest.Encoded()
	}
	w := tar.NewWriter(to)
	for _, file := range []struct {
		name string
		text []byte
		of   any
	}{
		{name: ocispec.ImageLayoutFile, of: ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion}},
		{name: ocispec.ImageIndexFile, of: ocispec.Index{
			Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{shown},
		}},
		{name: "manifest.json", of: []map[string]any{{"Config": blob(p.Config), "RepoTags": []string{name}, "Layers": []string{blob(p.Layer)}}}},
		{name: blob(p.Manifest), text: p.Text},
		{name: blob(p.Config), text: p.config},
	} {
		if file.of != nil {
			var err error
			if file.text, err = json.Marshal(file.of); err != nil {
				return fmt.Errorf("describe the image: %w", err)
			}
		}
		if err := WriteFile(w, tar.Header{Name: file.name, Mode: 0o644}, bytes.NewReader(file.text), int64(len(file.text))); err != nil {
			return err
		}
	}
	layer, err := p.Open(p.Layer)
	if err != nil {
		return fmt.Errorf("write the layer to the archive: %w", err)
	}
	defer layer.Close()
	if err := WriteFile(w, tar.Header{Name: blob(p.Layer), Mode: 0o644}, layer, p.Layer.Size); err != nil {
		return err
	}
	return w.Close()
}

// length counts what is written.
type length struct{ n int64 }

func (l *length) Write(b []byte) (int, error) {
	l.n += int64(len(b))
	return len(b), nil
}
