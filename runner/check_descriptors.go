package runner

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/runner/record"
)

// What one request in flight costs a process at most in descriptors: two of the mesh, which has an edge on both sides of it. And what a
// process has beside connections.
const (
	descriptorsEach   = 2
	descriptorsBeside = 64
)

// descriptorCheck tells whether generator and mesh had as many descriptors as the requests in flight may have needed: where they had
// not, connections failed that the system would have taken. In virtual time connections are none of the machine's.
func (r *run) descriptorCheck(res *record.Result) *record.Check {
	if _, virtual := r.o.Engine.(Enclosing); virtual {
		return nil
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil
	}
	return descriptors(res.Generator.MaxInFlight, limit.Cur)
}

func descriptors(inFlight int64, limit uint64) *record.Check {
	need := uint64(descriptorsEach*inFlight + descriptorsBeside)
	return &record.Check{
		Name: "descriptors",
		OK:   need <= limit,
		Text: fmt.Sprintf("%d requests in flight need some %d file descriptors, %d are allowed (ulimit -n)", inFlight, need, limit),
	}
}
