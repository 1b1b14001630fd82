package family

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Adopt makes this process the one to which orphans among its descendants fall, wherever they are in the tree, as they fall to the
// first process of a namespace.
func Adopt() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// Reap takes the exit codes of this process's children that have ended, but for those that somebody waits for, and tells how many.
func Reap(awaited func(pid int) bool) (reaped int) {
	own := strconv.Itoa(os.Getpid())
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, file := range files {
		fields := statFile(file)
		if fields == nil || fields[stateField] != "Z" || fields[parentField] != own {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || awaited(pid) {
			continue
		}
		if got, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); err == nil && got == pid {
			reaped++
		}
	}
	return reaped
}
