package family

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"
)

// What is read of the fields of proc_pid_stat(5), counted from the state on, which is its 3rd.
const (
	stateField  = 0
	parentField = 1
	groupField  = 2
	usedField   = 11 // up to usedEnd: what it has used, and those that it has seen end, in ticks of 10 ms
	usedEnd     = 15
	startField  = 19
)

// statOf are a process's fields; nil: it is gone.
func statOf(pid int) []string { return statFile("/proc/" + strconv.Itoa(pid) + "/stat") }

// statFile are the fields in a stat file of a process or a thread; nil: it is gone. The name before them, in parentheses, may hold
// anything.
func statFile(file string) []string {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) <= startField {
		return nil
	}
	return fields
}

// StartOf is when a process started; "": it is gone.
func StartOf(pid int) string {
	if fields := statOf(pid); fields != nil {
		return fields[startField]
	}
	return ""
}

// CPUTime is the time that a process has used, with those that it started and has seen end; 0 if it can't be told.
func CPUTime(pid int) time.Duration {
	fields := statOf(pid)
	if fields == nil {
		return 0
	}
	var ticks int64
	for _, text := range fields[usedField:usedEnd] {
		n, _ := strconv.ParseInt(text, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
