package docker

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"

	"github.com/squallhq/squall/runner/engine/docker/imagenode"
	"github.com/squallhq/squall/scenarios"
)

// pullTimeout bounds the download of one image.
const pullTimeout = 15 * time.Minute

// pullImages gets the scenario's images that the engine does not have. One that it has is used as it is.
func (t *testbed) pullImages(ctx context.Context) error {
	seen := map[string]bool{}
	get := func(name, node string) error {
		if name == "" || seen[name] {
			return nil
		}
		seen[name] = true
		_, err := t.engine.api.ImageInspect(ctx, name)
		if errdefs.IsNotFound(err) {
			t.Progress("pulling the image " + name)
			err = t.engine.pull(ctx, name)
		}
		if err != nil {
			return fmt.Errorf("get the image %s of node %q: %w", name, node, err)
		}
		return nil
	}
	for _, i := range t.instances {
		if i.place.instance.Node.Build != nil {
			continue
		}
		if err := get(i.place.instance.Node.Image, i.place.instance.Node.Name); err != nil {
			return err
		}
	}
	for _, f := range t.Plan.Faults { // before there is load, not when one is to be replaced
		for _, p := range f.Primitives {
			if err := get(p.Image, p.Instance); err != nil {
				return err
			}
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

// labelBuild is on images that were built for a node, with the sum of what they were built from. They are kept, as the cache of
// the next build, until nobody has wanted them for imageGrace.
const labelBuild = "squall.build"

// buildTimeout bounds the build of one image.
const buildTimeout = 30 * time.Minute

// buildImages builds the images of nodes that say how.
func (t *testbed) buildImages(ctx context.Context) error {
	t.built = map[string]string{}
	for _, n := range t.Plan.Scenario.Nodes {
		if n.Build == nil {
			continue
		}
		t.Progress(fmt.Sprintf("building the image of %s from %s", n.Name, n.Build.Context))
		ref, err := t.engine.build(ctx, t.Plan.Scenario.Folder, n)
		if err != nil {
			return fmt.Errorf("build the image of node %q from %s: %w", n.Name, n.Build.Context, err)
		}
		t.built[n.Name] = ref
	}
	return nil
}

// build builds one image and returns its name. The engine's first builder does it, which needs nothing but its API; its cache makes a
// build of what has not changed a matter of moments.
func (e *Engine) build(ctx context.Context, folder string, n *scenarios.Node) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	sum := sha256.New()
	if err := imagenode.Context(sum, folder, n.Build); err != nil {
		return "", err
	}
	if err := json.NewEncoder(sum).Encode(n.Build); err != nil {
		return "", err
	}
	made := hex.EncodeToString(sum.Sum(nil))
	ref := scenarios.BuiltName + ":" + n.Name + "-" + made[:16]
	arguments := map[string]*string{}
	for name, value := range n.Build.Args {
		arguments[name] = &value
	}
	err := piped(
		func(to io.Writer) error { return imagenode.Context(to, folder, n.Build) },
		func(from io.Reader) error {
			answer, err := e.api.ImageBuild(ctx, from, build.ImageBuildOptions{
				Tags: []string{ref}, Dockerfile: imagenode.Instructions(n.Build), BuildArgs: arguments, Target: n.Build.Target,
				Labels: map[string]string{labelBuild: made}, Remove: true, ForceRemove: true, Version: build.BuilderV1,
			})
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			return buildError(answer.Body)
		})
	if err != nil {
		return "", err
	}
	return ref, e.claim(ctx, ref)
}

// buildError reads how a build goes to its end: where it fails, with its last lines.
func buildError(progress io.Reader) error {
	decoder := json.NewDecoder(bufio.NewReader(progress))
	var said strings.Builder
	for {
		var line struct {
			Stream string `json:"stream"`
			Error  string `json:"error"`
		}
		if err := decoder.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the engine's answer: %w", err)
		}
		said.WriteString(line.Stream)
		if line.Error == "" {
			continue
		}
		if last := quoted([]byte(said.String())); last != "" {
			return fmt.Errorf("%s; its last lines: %s", strings.TrimSpace(line.Error), last)
		}
		return errors.New(strings.TrimSpace(line.Error))
	}
}

// ref is the image that an instance runs: what was built for its node, or what is pulled.
func (i *instance) ref() string {
	n := i.place.instance.Node
	if built := i.built[n.Name]; built != "" && i.runs == n.Image { // else another was rolled out
		return built
	}
	return i.runs
}
