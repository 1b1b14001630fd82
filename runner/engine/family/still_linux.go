package family

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Still tells that no thread of a process runs its program: each is stopped, or there is none left. One that waits in the kernel without
// being interruptible is as good as stopped when a stop is under way: it stands still before it is back. So does who has started
// another in its own place (vfork) that was stopped before it began, and waits for that as long as the stop lasts.
func Still(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	waits, stopped := false, false
	for _, name := range threads {
		switch state(name) {
		case 0, 'Z', 'X':
		case 'T', 't':
			stopped = true
		case 'D':
			waits = true
		default:
			return false
		}
	}
	return !waits || stopped || stopPending(pid)
}

// stopPending tells that a process was sent SIGSTOP, and has not taken it yet.
func stopPending(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(data), "\nShdPnd:")
	mask, _, _ := strings.Cut(rest, "\n")
	pending, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
	return err == nil && pending&(1<<(syscall.SIGSTOP-1)) != 0
}

// Stopped tells that a process was stopped; false: that can't be told, as of one that has ended.
func Stopped(pid int) (stopped, known bool) {
	is := state(fmt.Sprintf("/proc/%d/stat", pid))
	return is == 'T' || is == 't', is != 0 && !bytes.ContainsRune([]byte("ZX"), rune(is))
}

// state is what a stat file says of a process or a thread; 0: it has ended.
func state(file string) byte {
	if fields := statFile(file); fields != nil {
		return fields[stateField][0]
	}
	return 0
}
