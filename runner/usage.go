package runner

import (
	"time"

	"golang.org/x/sys/unix"
)

// usage is the CPU that this process has used by a moment.
type usage struct {
	at  time.Time
	cpu time.Duration
}

func readUsage() usage {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return usage{}
	}
	return usage{time.Now(), time.Duration(u.Utime.Nano() + u.Stime.Nano())}
}

// harnessCPUs is the CPU that the harness itself used since zero, in cores on average: this process, and
// the mesh and generators where they have processes of their own. Nodes are not the harness.
func (r *run) harnessCPUs() float64 {
	if _, virtual := r.o.Engine.(Enclosing); virtual {
		return 0 // CPU time is real, and can't be measured against time that is not
	}
	now := readUsage()
	wall := now.at.Sub(r.usage.at)
	if r.usage.at.IsZero() || now.at.IsZero() || wall <= 0 {
		return 0
	}
	used := now.cpu - r.usage.cpu
	if r.start != nil && r.final != nil {
		used += r.final.MeshCPU - r.start.MeshCPU
	}
	if r.load != nil && r.load.Figures.CPU != nil {
		used += *r.load.Figures.CPU
	}
	return float64(used) / float64(wall)
}
