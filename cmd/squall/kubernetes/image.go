package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"

	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
	"github.com/squallhq/squall/runner/engine/kubernetes/registry"
)

// imaging is flags that say what becomes of the image of this program.
type imaging struct {
	out, name, push, architecture string
	plain                         bool
}

func imageCommand(environment func(error) error) *cobra.Command {
	var i imaging
	c := &cobra.Command{
		Use:   "image",
		Short: "Make the image of squall that --image names: as an archive, or pushed to your registry",
		Long: `Makes an image of this very program, without a container engine. With --out it is an archive that is an OCI image layout and what
docker save writes, both: docker load, ctr images import and what copies images take it. With --push it goes to your registry, as whom
docker login has told it that you are (config.json of DOCKER_CONFIG or ~/.docker, and the credential helpers that it names), and its reference,
pinned by digest, is printed for --image. A registry with a certificate of your own authority: SSL_CERT_FILE names that.

Equal programs give equal images. On other systems than Linux the image is of squall-linux-ARCHITECTURE beside this program.`,
		Example: `  squall run --engine kubernetes --image $(squall kubernetes image --push registry.example:5000/team/squall:1) FILE
  squall kubernetes image --out squall.tar && ctr -n k8s.io images import squall.tar`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ref, err := i.check()
			if err != nil {
				return err
			}
			if err := i.make(c, ref); err != nil {
				return environment(err)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&i.out, "out", "", "write an archive to this file; - for standard output")
	f.StringVar(&i.name, "name", "", "with --out: what it is called there, as HOST/NAME:TAG (default: localhost/squall with the start of its digest)")
	f.StringVar(&i.push, "push", "", "give it to a registry, as HOST/NAME:TAG")
	f.BoolVar(&i.plain, "plain-http", false, "with --push: the registry speaks HTTP without TLS; a password is told such a one on this machine alone")
	f.StringVar(&i.architecture, "architecture", runtime.GOARCH, "of the cluster's machines: amd64 or arm64")
	return c
}

// check says what the flags lack, and reads the name.
func (i *imaging) check() (registry.Reference, error) {
	switch {
	case (i.out == "") == (i.push == ""):
		return registry.Reference{}, errors.New("say what becomes of the image: --out FILE, or --push HOST/NAME:TAG")
	case i.push != "" && i.name != "":
		return registry.Reference{}, errors.New("--name is for --out; what is pushed is called as --push says")
	case i.plain && i.push == "":
		return registry.Reference{}, errors.New("--plain-http is for --push")
	}
	for flag, given := range map[string]string{"--push": i.push, "--name": i.name} {
		if given == "" {
			continue
		}
		ref, err := registry.Parse(given)
		if err != nil {
			return ref, fmt.Errorf("%s: %w", flag, err)
		}
		return ref, nil
	}
	return registry.Reference{}, nil
}

// make makes the image, and brings it where it is to be.
func (i *imaging) make(c *cobra.Command, ref registry.Reference) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the running program: %w", err)
	}
	image, err := nodeimage.New(exe, i.architecture)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "squall-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	packed, err := image.Pack(folder)
	if err != nil {
		return err
	}
	if i.push != "" {
		return i.give(c, ref, packed)
	}
	name := ref.String()
	if i.name == "" {
		name = "localhost/" + image.Ref
	}
	if i.out == "-" {
		return packed.WriteArchive(c.OutOrStdout(), name)
	}
	if err := writeWhole(i.out, func(w io.Writer) error { return packed.WriteArchive(w, name) }); err != nil {
		return err
	}
	fmt.Fprintln(c.OutOrStdout(), name)
	return nil
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".squall-image-")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // an error: it is what it was to be
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

func (i *imaging) give(c *cobra.Command, ref registry.Reference, packed *nodeimage.Packed) error {
	login, err := registry.FindLogin(c.Context(), ref.Host)
	if err != nil {
		return err
	}
	pinned, err := registry.Push(c.Context(), ref, registry.Image{
		Manifest: packed.Manifest, Text: packed.Text, Blobs: []v1.Descriptor{packed.Layer, packed.Config}, Open: packed.Open,
	}, registry.Options{Login: login, Plain: i.plain, Say: func(line string) { fmt.Fprintln(c.ErrOrStderr(), line) }})
	if err != nil {
		return err
	}
	fmt.Fprintln(c.OutOrStdout(), pinned)
	return nil
}
