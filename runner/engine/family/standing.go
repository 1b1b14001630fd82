package family

import "sync"

// Standing is whether a process stands still, as far as we have stopped it and let it go on ourselves. It is locked while we do either.
type Standing struct {
	sync.Mutex
	Stopped bool
}

// Look is whether the process stands still now, and whether somebody else has changed that.
func (s *Standing) Look(pid int) (stopped, changed bool) {
	s.Lock()
	defer s.Unlock()
	stopped, known := Stopped(pid)
	changed = known && stopped != s.Stopped
	s.Stopped = s.Stopped != changed
	return stopped, changed
}
