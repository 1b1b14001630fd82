// Package owner names a process so that another one can tell later, by a label, whether it is still there.
package owner

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Owner is a process that made things on an engine, in a form that survives as a label: enough to
// tell later, from the same machine, whether that process is still there.
type Owner struct {
	// Host is the machine, Boot its present uptime, Space the pid namespace that PID counts in.
	Host, Boot, Space string
	PID               int
	// Start is when the process began, in the kernel's clock ticks since boot; it tells a pid used again.
	Start string
}

func (o Owner) String() string {
	return fmt.Sprintf("pid=%d start=%s boot=%s space=%s host=%s", o.PID, o.Start, o.Boot, o.Space, o.Host)
}

// Parse reads a label back.
func Parse(label string) (Owner, error) {
	var o Owner
	for field := range strings.FieldsSeq(label) {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "pid":
			pid, err := strconv.Atoi(value)
			if err != nil {
				return Owner{}, fmt.Errorf("read the owner %q: %w", label, err)
			}
			o.PID = pid
		case "start":
			o.Start = value
		case "boot":
			o.Boot = value
		case "space":
			o.Space = value
		case "host":
			o.Host = value
		}
	}
	if o.PID == 0 {
		return Owner{}, fmt.Errorf("read the owner %q: it names no process", label)
	}
	return o, nil
}

// Gone tells whether a run's owner has ended, as far as this process can see. An owner on another
// machine or in another pid namespace can't be looked at: its run is gone when it has expired.
func (o Owner) Gone(here Owner, expires time.Time) bool {
	switch {
	case o.Host != here.Host:
		return time.Now().After(expires)
	case o.Boot != here.Boot:
		return true // the machine has been restarted since
	case o.Space != here.Space:
		return time.Now().After(expires)
	}
	start, alive := processStart(o.PID)
	return !alive || start != o.Start
}

// This is this process as an owner.
func This() Owner {
	start, _ := processStart(os.Getpid())
	return Owner{Host: machine(), Boot: bootID(), Space: pidSpace(), PID: os.Getpid(), Start: start}
}

// machine names this machine without blanks: its machine id where there is one, else its host name.
func machine() string {
	if id, err := os.ReadFile("/etc/machine-id"); err == nil && len(id) > 8 {
		return strings.TrimSpace(string(id))
	}
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(name), "-")
}
