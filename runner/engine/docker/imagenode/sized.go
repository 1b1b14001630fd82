package imagenode

import (
	"fmt"
	"maps"
	"slices"

	"github.com/docker/docker/api/types/mount"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// sized makes a volume one of so many bytes: memory, since nothing else of the engine's own has a limit that holds.
func sized(v scenarios.Volume) *mount.Driver {
	if v.Size == 0 {
		return nil
	}
	return &mount.Driver{Name: "local", Options: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": fmt.Sprintf("size=%d", v.Size)}}
}

// HasSized tells that a node has a volume that is to be held.
func HasSized(n *scenarios.Node) bool {
	return slices.ContainsFunc(n.Volumes, func(v scenarios.Volume) bool { return v.Size > 0 })
}

// HeldFolder is where the volumes of a size are in the container that holds them.
const HeldFolder = "/held/"

// HeldAt is where who holds all volumes of a size has one of an instance's, by where the instance has it; "": it has none there.
func HeldAt(p *topology.Plan, volume Namer, i topology.Instance, target string) string {
	for k, v := range i.Node.Volumes {
		if v.Target != target || v.Size == 0 {
			continue
		}
		for _, m := range Held(p, volume, nil) {
			if m.Source == volume(i, k) {
				return m.Target
			}
		}
	}
	return ""
}

// Held are the mounts of who holds all volumes of a size: they are gone with the last container that has them, so somebody must
// have them while an instance is killed and started again.
func Held(p *topology.Plan, volume Namer, labels map[string]string) (held []mount.Mount) {
	seen := map[string]bool{}
	for _, i := range p.Instances {
		for k, v := range i.Node.Volumes {
			name := volume(i, k)
			if v.Size == 0 || seen[name] {
				continue
			}
			seen[name] = true
			held = append(held, mount.Mount{
				Type: mount.TypeVolume, Source: name, Target: fmt.Sprintf("%s%d", HeldFolder, len(held)+1),
				VolumeOptions: &mount.VolumeOptions{NoCopy: true, Labels: maps.Clone(labels), DriverConfig: sized(v)},
			})
		}
	}
	return held
}
