package family

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Relative is a process as the kernel tells of it: when it started, in ticks since the boot, and whose it is.
type Relative struct {
	start         string
	parent, group int
}

// Of are the processes of one that was started then in a group of its own: its descendants, its group, those of before that still are,
// and those whose environment has all of some variables. Those that have ended are not among them.
func Of(all map[int]Relative, first int, start string, before Members, variables []string) Members {
	out := Members{}
	leader, there := all[first]
	own := !there || leader.start == start
	for pid, r := range all {
		switch {
		case own && r.group == first, before[pid] == r.start:
			out[pid] = r.start
		case variables != nil && r.parent != 2 && carries(pid, variables): // 2 is the kernel's own
			out[pid] = r.start
		}
	}
	out.grow(all)
	return out
}

// Descendants are those of a process that takes in the orphans among them (Adopt), or that is the first of its namespace.
func Descendants(all map[int]Relative, of int) Members {
	out := Members{}
	for pid, r := range all {
		if r.parent == of {
			out[pid] = r.start
		}
	}
	out.grow(all)
	return out
}

// grow adds what they have started.
func (m Members) grow(all map[int]Relative) {
	for grown := true; grown; {
		grown = false
		for pid, r := range all {
			if _, is := m[pid]; is {
				continue
			}
			if _, is := m[r.parent]; is {
				m[pid] = r.start
				grown = true
			}
		}
	}
}

// Relatives are all processes that can be seen and have not ended, but for this one.
func Relatives() map[int]Relative {
	out := map[int]Relative{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		fields := statFile(file)
		if err != nil || pid == os.Getpid() || fields == nil || fields[stateField] == "Z" || fields[stateField] == "X" {
			continue
		}
		r := Relative{start: fields[startField]}
		r.parent, _ = strconv.Atoi(fields[parentField])
		r.group, _ = strconv.Atoi(fields[groupField])
		out[pid] = r
	}
	return out
}

// send sends a signal to the process that started then; another one that has its id since is left alone.
func send(pid int, start string, s syscall.Signal) {
	handle, err := os.FindProcess(pid)
	if err != nil {
		return // it has ended
	}
	defer func() { _ = handle.Release() }()
	if StartOf(pid) == start {
		_ = handle.Signal(s) // an error: it has ended
	}
}

// carries tells that a process's environment has all of some variables.
func carries(pid int, variables []string) bool {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil || len(data) == 0 {
		return false
	}
	has := strings.Split(string(data), "\x00")
	return !slices.ContainsFunc(variables, func(v string) bool { return !slices.Contains(has, v) })
}
