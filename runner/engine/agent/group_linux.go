package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/runner/engine/family"
)

// group is the agent's control group, which is its container's: limits are set on it where it can be written, and it tells what the kernel
// has killed for want of memory.
type group struct {
	// cpuFolder and memoryFolder are where the kernel shows it, "" where it does not. unified is version 2.
	cpuFolder, memoryFolder string
	unified                 bool
}

const groupRoot = "/sys/fs/cgroup"

// findGroup finds the agent's own, by what the kernel says of it: as seen from its namespace where it has one.
func findGroup() group {
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return group{}
	}
	return groupOf(string(data), groupRoot)
}

func groupOf(text, root string) (g group) {
	for line := range strings.Lines(text) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		folder := func(of string) string {
			for _, at := range []string{filepath.Join(root, of, path), filepath.Join(root, of)} { // in a container without a namespace of its own the path is the host's
				if is, err := os.Stat(at); err == nil && is.IsDir() {
					return at
				}
			}
			return ""
		}
		for _, controller := range strings.Split(controllers, ",") {
			switch controller {
			case "":
				if g.cpuFolder == "" && g.memoryFolder == "" {
					if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
						at := folder("")
						g = group{at, at, true}
					}
				}
			case "cpu":
				g.cpuFolder, g.unified = folder("cpu"), false
			case "memory":
				g.memoryFolder, g.unified = folder("memory"), false
			}
		}
	}
	return g
}

// period is that of CPU limits, in microseconds.
const period = 100_000

// cannot says why it can't be held to limits; "": it can.
func (g group) cannot() (cpu, memory string) {
	return g.why(g.cpuFolder, g.name("cpu.max", "cpu.cfs_quota_us")), g.why(g.memoryFolder, g.name("memory.max", "memory.limit_in_bytes"))
}

func (g group) name(two, one string) string {
	if g.unified {
		return two
	}
	return one
}

// why says why a file of it can't be written.
func (g group) why(folder, file string) string {
	if folder == "" {
		return "the kernel shows no control group here"
	}
	at := filepath.Join(folder, file)
	if err := unix.Access(at, unix.W_OK); err != nil {
		return fmt.Sprintf("%s can't be written (%s)", at, err)
	}
	if other := g.others(folder); other != 0 {
		return fmt.Sprintf("the control group %s is others' too, such as process %d's", folder, other)
	}
	return ""
}

// others is a process of the group that is neither the agent nor below it; 0: there is none.
func (g group) others(folder string) int {
	data, err := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
	if err != nil {
		return -1
	}
	own := family.Descendants(family.Relatives(), os.Getpid())
	for _, text := range strings.Fields(string(data)) {
		pid, _ := strconv.Atoi(text)
		if _, is := own[pid]; !is && pid != os.Getpid() && pid != 0 {
			return pid
		}
	}
	return 0
}

func (g group) setCPUs(cores float64) error {
	if cpu, _ := g.cannot(); cpu != "" {
		return fmt.Errorf("limit it to %g CPUs: %w: %s", cores, errors.ErrUnsupported, cpu)
	}
	quota := int64(cores * period)
	if g.unified {
		words := fmt.Sprintf("%d %d", quota, period)
		if quota == 0 {
			words = fmt.Sprintf("max %d", period)
		}
		return write(g.cpuFolder, "cpu.max", words)
	}
	if quota == 0 {
		quota = -1
	}
	return write(g.cpuFolder, "cpu.cfs_quota_us", strconv.FormatInt(quota, 10))
}

func (g group) setMemory(bytes int64) error {
	if _, memory := g.cannot(); memory != "" {
		return fmt.Errorf("limit its memory to %d bytes: %w: %s", bytes, errors.ErrUnsupported, memory)
	}
	words := strconv.FormatInt(bytes, 10)
	if bytes == 0 {
		words = g.name("max", "-1")
	}
	return write(g.memoryFolder, g.name("memory.max", "memory.limit_in_bytes"), words)
}

func write(folder, file, words string) error {
	return os.WriteFile(filepath.Join(folder, file), []byte(words), 0)
}

// starved is what something of it was killed for.
func (g group) starved() *Starved {
	limit, err := strconv.ParseInt(read(g.memoryFolder, g.name("memory.max", "memory.limit_in_bytes")), 10, 64)
	if err != nil {
		return &Starved{}
	}
	return &Starved{&limit}
}

// ooms is how often the kernel has killed something of it for want of memory.
func (g group) ooms() int64 {
	for line := range strings.Lines(read(g.memoryFolder, g.name("memory.events", "memory.oom_control"))) {
		if name, n, is := strings.Cut(strings.TrimSpace(line), " "); is && name == "oom_kill" {
			times, _ := strconv.ParseInt(n, 10, 64)
			return times
		}
	}
	return 0
}

func read(folder, file string) string {
	if folder == "" {
		return ""
	}
	data, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
