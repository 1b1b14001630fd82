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
		data, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has ended
		}
		// The state follows the name, which stands in parentheses and may hold anything (proc_pid_stat(5)).
		_, rest, _ := bytes.Cut(data[bytes.LastIndexByte(data, ')')+1:], []byte(" "))
		if len(rest) > 0 && !bytes.ContainsRune([]byte("TtZX"), rune(rest[0])) {
			return false
		}
	}
	return true
}
