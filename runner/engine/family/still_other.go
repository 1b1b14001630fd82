//go:build unix && !linux

package family

import "time"

// Still can't be told here without asking the system's debugging interfaces: the signal is taken at its word.
func Still(int) bool { return true }

// Stopped can't be told here either.
func Stopped(int) (stopped, known bool) { return false, false }

// CPUTime can't be told here.
func CPUTime(int) time.Duration { return 0 }
