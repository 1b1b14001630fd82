// Package imagenode says how a node of somebody else's image is run: its words in the scenario as what a container is made
// with, and the files that it gets as an archive. It asks no engine.
package imagenode

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/strslice"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Config is what runs in an instance's container: the image's own user and folder, where the node does not say others. early:
// the engine can run tests more often while it starts.
func Config(i topology.Instance, early bool, labels map[string]string) *container.Config {
	n := i.Node
	return &container.Config{
		Image: n.Image, Hostname: i.Name, Entrypoint: strslice.StrSlice(n.Entrypoint), Cmd: strslice.StrSlice(n.ImageCommand()),
		Env: n.Environ(), User: n.User, WorkingDir: n.WorkingDir, Labels: labels, Healthcheck: healthcheck(n, early),
	}
}

// Host adds to what a container is given what its node says of it. volume names a volume of the run.
func Host(h *container.HostConfig, i topology.Instance, folder string, volume Namer, labels map[string]string) error {
	n := i.Node
	if n.Init {
		h.Init = &n.Init
	}
	h.ShmSize = n.ShmSize
	for _, t := range n.Tmpfs {
		if h.Tmpfs == nil {
			h.Tmpfs = map[string]string{}
		}
		h.Tmpfs[t.Target] = t.Options
	}
	for k, v := range n.Volumes {
		m, err := volumeMount(v, folder)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		if v.From == "" {
			m.Source = volume(i, k)
		}
		m.VolumeOptions.Labels = maps.Clone(labels)
		h.Mounts = append(h.Mounts, *m)
	}
	return nil
}

// volumeMount is nil for a single file, which is copied to where it is to be. A folder is copied into a volume of its own:
// what the image has there is not seen, as with a folder that is mounted.
func volumeMount(v scenarios.Volume, folder string) (*mount.Mount, error) {
	m := &mount.Mount{Type: mount.TypeVolume, Target: v.Target, ReadOnly: v.ReadOnly, VolumeOptions: &mount.VolumeOptions{DriverConfig: sized(v)}}
	if v.From == "" {
		return m, nil
	}
	is, err := os.Stat(filepath.Join(folder, v.From))
	if err != nil {
		return nil, fmt.Errorf("copy %s to %s: %w", v.From, v.Target, err)
	}
	if !is.IsDir() {
		return nil, nil
	}
	m.ReadOnly, m.VolumeOptions.NoCopy = false, true // nothing could be copied to it; a copy is nobody else's
	return m, nil
}

// Namer names the k-th volume of an instance.
type Namer func(i topology.Instance, k int) string

// Names names the volumes of a run: one that several nodes name is the same for all of them, any other is its instance's own.
func Names(prefix string, p *topology.Plan) Namer {
	sharers := map[string]map[string]bool{}
	for _, i := range p.Instances {
		for _, v := range i.Node.Volumes {
			if sharers[v.Name] == nil {
				sharers[v.Name] = map[string]bool{}
			}
			sharers[v.Name][i.Node.Name] = true
		}
	}
	return func(i topology.Instance, k int) string {
		name := i.Node.Volumes[k].Name
		switch {
		case name == "":
			return fmt.Sprintf("%s%s.%d", prefix, i.Name, k+1)
		case len(sharers[name]) > 1:
			return prefix + name
		default:
			return prefix + i.Name + "." + name
		}
	}
}
