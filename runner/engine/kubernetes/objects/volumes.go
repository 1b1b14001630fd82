package objects

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios"
)

// ownFolder is the part of a volume that an image sees: made before it starts, by who it runs as, so that it is theirs. What a cluster makes is
// root's, and databases want theirs to be their own.
const ownFolder = "own"

// volumes are those of an image's container.
type volumes struct {
	*maker
	place  *Place
	spec   *kinds.PodSpec
	mounts []kinds.VolumeMount
	// made are the volumes in which a folder is made, as the container has them that does it.
	made []kinds.VolumeMount
	// held is what those in memory hold.
	held  int64
	files files
}

// all makes those of a node.
func (v *volumes) all(n *scenarios.Node) error {
	for k, one := range n.Volumes {
		if one.From != "" {
			if err := v.copied(one.From, one.Target, 0); err != nil {
				return fmt.Errorf("volumes: %s: %w", one.Target, err)
			}
			continue
		}
		dir := &kinds.EmptyDir{SizeLimit: imageData}
		if one.Size > 0 { // in memory: nothing else that a pod can have says that it is full
			dir = &kinds.EmptyDir{Medium: "Memory", SizeLimit: quantity(one.Size)}
			v.held += one.Size
		}
		v.folder("volume-"+strconv.Itoa(k+1), one.Target, dir, one.ReadOnly)
	}
	for k, one := range n.Tmpfs {
		size, err := sizeOf(one)
		if err != nil {
			return err
		}
		v.held += size
		v.mount("tmpfs-"+strconv.Itoa(k+1), one.Target, &kinds.EmptyDir{Medium: "Memory", SizeLimit: quantity(size)})
	}
	if n.ShmSize > 0 {
		v.held += n.ShmSize
		v.mount("shm", "/dev/shm", &kinds.EmptyDir{Medium: "Memory", SizeLimit: quantity(n.ShmSize)})
	}
	for _, f := range n.Files {
		if err := v.file(f); err != nil {
			return fmt.Errorf("files: %s: %w", f.Target, err)
		}
	}
	for _, s := range n.Secrets {
		if err := v.secret(s); err != nil {
			return fmt.Errorf("secrets: %s: %w", s.Name, err)
		}
	}
	v.finish()
	return nil
}

// folder is a volume with a folder that is the image's own.
func (v *volumes) folder(name, target string, dir *kinds.EmptyDir, readOnly bool) {
	v.spec.Volumes = append(v.spec.Volumes, kinds.Volume{Name: name, EmptyDir: dir})
	v.made = append(v.made, kinds.VolumeMount{Name: name, MountPath: "/made/" + name})
	v.mounts = append(v.mounts, kinds.VolumeMount{Name: name, MountPath: target, SubPath: ownFolder, ReadOnly: readOnly})
}

// mount is a volume as it is.
func (v *volumes) mount(name, target string, dir *kinds.EmptyDir) {
	v.spec.Volumes = append(v.spec.Volumes, kinds.Volume{Name: name, EmptyDir: dir})
	v.mounts = append(v.mounts, kinds.VolumeMount{Name: name, MountPath: target})
}

// usualTmpfs is how much a folder in memory holds that does not say.
const usualTmpfs = 64 << 20

// sizeOf is what a folder in memory holds, as its options say.
func sizeOf(t scenarios.Tmpfs) (int64, error) {
	for option := range strings.SplitSeq(t.Options, ",") {
		text, is := strings.CutPrefix(option, "size=")
		if !is {
			continue
		}
		digits := strings.TrimRight(text, "kKmMgG%")
		n, err := strconv.ParseInt(digits, 10, 64)
		unit, known := map[string]int64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}[strings.ToLower(text[len(digits):])]
		if err != nil || !known {
			return 0, fmt.Errorf("tmpfs: %s: a pod's folder in memory can't be %s; use size=64m, say", t.Target, option)
		}
		return n * unit, nil
	}
	return usualTmpfs, nil
}

// clean is a target as a mount wants it.
func clean(target string) string { return path.Clean("/" + target) }
