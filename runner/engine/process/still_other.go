//go:build unix && !linux

package process

// still can't be told here without asking the system's debugging interfaces: the signal is taken at its word.
func still(int) bool { return true }

// stopped can't be told here either.
func stopped(int) (stopped, known bool) { return false, false }
