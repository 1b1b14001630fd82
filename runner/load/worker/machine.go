package worker

import (
	"time"

	"golang.org/x/sys/unix"
)

// Machine is Options.Machine of a process that is a generator and nothing else; what the system does not tell is 0.
func Machine() (cpu time.Duration, descriptors int64) {
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) == nil {
		cpu = time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		descriptors = int64(min(limit.Cur, 1<<62))
	}
	return cpu, descriptors
}
