package spawn

import "github.com/squallhq/squall/runner/load/remote"

// PID is a child's process.
func PID(l remote.Link) int { return l.(*child).cmd.Process.Pid }
