package lease

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// identify notes when a process started, in clock ticks since boot, and in which boot and namespace.
func identify(pid int) process {
	start, _, _ := status(pid)
	return process{PID: pid, Start: start, World: world()}
}

// world is the boot and the process id namespace.
func world() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	namespace, _ := os.Readlink("/proc/self/ns/pid")
	return strings.TrimSpace(string(boot)) + " " + namespace
}

// mine tells that a process id of the ledger means something here, or meant something on this machine before
// it was booted anew (then the process is gone for certain).
func mine(p process) bool {
	boot, namespace, _ := strings.Cut(p.World, " ")
	hereBoot, hereNamespace, _ := strings.Cut(world(), " ")
	return boot != hereBoot || namespace == hereNamespace
}

// alive tells that this very process is running: same id, same start, no zombie.
func alive(p process) bool {
	if p.World != world() {
		return false
	}
	start, state, ok := status(p.PID)
	return ok && start == p.Start && state != "Z" && state != "X"
}

// status reads a process's start time and state.
func status(pid int) (start, state string, ok bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", "", false
	}
	// The name, in parentheses, may hold anything; the fields follow the last one.
	end := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[end+1:]))
	const stateField, startField = 0, 19 // the 3rd and the 22nd of proc_pid_stat(5)
	if end < 0 || len(fields) <= startField {
		return "", "", false
	}
	return fields[startField], fields[stateField], true
}

// grouped are the processes of the group that a child led which work in one of some folders: they have a program that has written over
// its environment, or that was given another.
func grouped(child process, folders []string) []process {
	if start, _, there := status(child.PID); child.World != world() || there && start != child.Start {
		return nil // the id is another's since
	}
	var out []process
	links, _ := filepath.Glob("/proc/[0-9]*/cwd") // the pattern is right
	for _, path := range links {
		at, err := os.Readlink(path)
		within := func(folder string) bool {
			return at == folder || strings.HasPrefix(at, folder+"/") || at == folder+" (deleted)"
		}
		pid, bad := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil || bad != nil || pid == os.Getpid() || !slices.ContainsFunc(folders, within) {
			continue
		}
		if group, err := syscall.Getpgid(pid); err == nil && group == child.PID {
			out = append(out, identify(pid))
		}
	}
	return out
}

// marked are all processes of this user whose environment names the run.
func marked(run string) []process {
	var out []process
	environments, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is right
	for _, path := range environments {
		data, err := os.ReadFile(path)
		if err != nil || !slices.Contains(strings.Split(string(data), "\x00"), Marker+"="+run) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != os.Getpid() {
			out = append(out, identify(pid))
		}
	}
	return out
}
