package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// still tells that no thread of a process runs: each is stopped, or there is none left.
func still(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, name := range threads {
		if is := state(name); is != 0 && !bytes.ContainsRune([]byte("TtZX"), rune(is)) {
			return false
		}
	}
	return true
}

// stopped tells that a process was stopped; false: that can't be told, as of one that has ended.
func stopped(pid int) (stopped, known bool) {
	is := state(fmt.Sprintf("/proc/%d/stat", pid))
	return is == 'T' || is == 't', is != 0 && !bytes.ContainsRune([]byte("ZX"), rune(is))
}

// state is what a stat file says of a process or a thread; 0: it has ended. It follows the name, which stands in parentheses and may hold
// anything (proc_pid_stat(5)).
func state(file string) byte {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(data[bytes.LastIndexByte(data, ')')+1:], []byte(" "))
	if len(rest) == 0 {
		return 0
	}
	return rest[0]
}
