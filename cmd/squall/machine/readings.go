// Package machine tells what a plan needs of the machine that it is run on, and whether that is there, before anything is launched: what a
// run would run out of is never the failure of the system that it tests.
package machine

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Readings are what a machine has left. What could not be read is nil, and nothing is refused for it.
type Readings struct {
	// Files is how many each process may open.
	Files *uint64
	// Disks are the file systems that a run writes to.
	Disks []Disk
	// Memory is how many bytes may still be taken, by the machine's own account and by the limit of this process's cgroup.
	Memory *uint64
	// Ports is how many ports the system gives to connections and listeners that ask for none.
	Ports *uint64
	// Engine is all the memory of a container engine, in bytes; nil in runs without one.
	Engine *uint64
}

// Disk is the room on the file system of a folder.
type Disk struct {
	// What the folder is for, and where it is.
	What, Path string
	// Free bytes for who is no administrator.
	Free uint64
	// Full tells that no more files can be made, whatever is free.
	Full bool
}

// Read reads them; folder is where the run's own files go.
func Read(folder string) Readings {
	var r Readings
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		r.Files = &files.Max // processes raise their limit to the hard one
	}
	for _, d := range []Disk{{What: "the run's folder", Path: folder}, {What: "the temporary folder", Path: os.TempDir()}} {
		if d.read() == nil {
			r.Disks = append(r.Disks, d)
		}
	}
	r.Memory = least(available("/proc/meminfo"), ofGroup("/sys/fs/cgroup"))
	r.Ports = ports("/proc/sys/net/ipv4/ip_local_port_range")
	return r
}

// read takes the nearest folder that there is: the run's is made later.
func (d *Disk) read() error {
	path, err := filepath.Abs(d.Path)
	if err != nil {
		return err
	}
	var s unix.Statfs_t
	for err = unix.Statfs(path, &s); errors.Is(err, fs.ErrNotExist) && path != filepath.Dir(path); err = unix.Statfs(path, &s) {
		path = filepath.Dir(path)
	}
	if err != nil {
		return err
	}
	d.Free = s.Bavail * uint64(s.Bsize)
	d.Full = s.Files > 0 && s.Ffree == 0
	return nil
}

// available is what the kernel says that programs may still take, swapping too; nil where it says nothing.
func available(meminfo string) *uint64 {
	text, err := os.ReadFile(meminfo)
	if err != nil {
		return nil
	}
	kB := field(text, "MemAvailable:")
	if kB == nil {
		return nil
	}
	if swap := field(text, "SwapFree:"); swap != nil {
		kB = ref(*kB + *swap)
	}
	return ref(*kB << 10)
}

// ofGroup is what the limit of the process's cgroup leaves, of those that hold it the one that is seen from inside; nil: there is none.
func ofGroup(root string) *uint64 {
	limit, used := number(filepath.Join(root, "memory.max")), number(filepath.Join(root, "memory.current"))
	if limit == nil || used == nil {
		return nil
	}
	if text, err := os.ReadFile(filepath.Join(root, "memory.stat")); err == nil {
		if cached := field(text, "inactive_file"); cached != nil { // the kernel takes it back before anybody runs out
			used = ref(*used - min(*used, *cached))
		}
	}
	return ref(*limit - min(*limit, *used))
}

// number is what a file has in it, nil where it is none ("max").
func number(file string) *uint64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// field is the number behind a name at the beginning of a line.
func field(text []byte, name string) *uint64 {
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) < 2 || words[0] != name {
			continue
		}
		if n, err := strconv.ParseUint(words[1], 10, 64); err == nil {
			return &n
		}
	}
	return nil
}

// ports is how many a range has that is told as its first and last.
func ports(file string) *uint64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	words := strings.Fields(string(text))
	if len(words) != 2 {
		return nil
	}
	first, err := strconv.ParseUint(words[0], 10, 16)
	if err != nil {
		return nil
	}
	last, err := strconv.ParseUint(words[1], 10, 16)
	if err != nil || last < first {
		return nil
	}
	return ref(last - first + 1)
}

// least is the lower of two, of which either may be unknown.
func least(a, b *uint64) *uint64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

func ref[T any](v T) *T { return &v }
