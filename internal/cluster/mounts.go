//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// own are the folders that each machine has for itself: what containerd, the kubelet and the container network write there, whatever
// they are told, stays in the machine and goes with it.
var own = []string{"/run", "/var/lib", "/var/log"}

// tunables are the kernel's settings that a kubelet wants for its machine alone, and that are this whole machine's: it finds what it
// wants, in files that stand before the real ones.
var tunables = map[string]string{
	"/proc/sys/vm/overcommit_memory":      "1",
	"/proc/sys/vm/panic_on_oom":           "0",
	"/proc/sys/kernel/panic":              "10",
	"/proc/sys/kernel/panic_on_oops":      "1",
	"/proc/sys/kernel/keys/root_maxkeys":  "1000000",
	"/proc/sys/kernel/keys/root_maxbytes": "25000000",
}

// mount makes the file systems of a machine out of those of this machine. None of it is seen outside.
func (m machine) mount() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to itself: %w", err)
	}
	kept := map[string]*os.File{}
	for _, folder := range m.Keep {
		f, err := os.Open(folder)
		if err != nil {
			return fmt.Errorf("keep a folder: %w", err)
		}
		defer f.Close()
		kept[folder] = f
	}
	// A copy of a mount would keep it in use here after it is gone there: the files of a container that has ended.
	if err := detachBelow(own); err != nil {
		return err
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	for _, folder := range own {
		if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "mode=0755"); err != nil {
			return fmt.Errorf("have %s for itself: %w", folder, err)
		}
	}
	for folder, f := range kept {
		if !slices.ContainsFunc(own, func(hidden string) bool { return strings.HasPrefix(folder, hidden+"/") }) {
			continue
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("keep a folder: %w", err)
		}
		if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), folder, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("keep %s: %w", folder, err)
		}
	}
	return pretend()
}

// pretend puts files with what a kubelet wants before the kernel's settings.
func pretend() error {
	for setting, value := range tunables {
		if _, err := os.Stat(setting); err != nil {
			continue // this kernel has none
		}
		file := filepath.Join("/run/tunables", strings.ReplaceAll(strings.TrimPrefix(setting, "/proc/sys/"), "/", "."))
		if err := writeFile(file, []byte(value+"\n")); err != nil {
			return err
		}
		if err := unix.Mount(file, setting, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("stand before %s: %w", setting, err)
		}
	}
	return nil
}

// detachBelow takes away all mounts below folders, the deepest first.
func detachBelow(folders []string) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var points []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		point := unescape(fields[4])
		if slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(point, folder+"/") }) {
			points = append(points, point)
		}
	}
	for _, point := range slices.Backward(points) { // the order in which they were made
		if err := unix.Unmount(point, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("take away %s: %w", point, err)
		}
	}
	return nil
}
