package docker

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// owner is a process that made things on an engine, in a form that survives as a label: enough to
// tell later, from the same machine, whether that process is still there.
type owner struct {
	// host is the machine, boot its present uptime, space the pid namespace that pid counts in.
	host, boot, space string
	pid               int
	// start is when the process began, in the kernel's clock ticks since boot; it tells a pid used again.
	start string
}

func (o owner) String() string {
	return fmt.Sprintf("pid=%d start=%s boot=%s space=%s host=%s", o.pid, o.start, o.boot, o.space, o.host)
}

// parseOwner reads a label back.
func parseOwner(label string) (owner, error) {
	var o owner
	for field := range strings.FieldsSeq(label) {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "pid":
			pid, err := strconv.Atoi(value)
			if err != nil {
				return owner{}, fmt.Errorf("read the owner %q: %w", label, err)
			}
			o.pid = pid
		case "start":
			o.start = value
		case "boot":
			o.boot = value
		case "space":
			o.space = value
		case "host":
			o.host = value
		}
	}
	if o.pid == 0 {
		return owner{}, fmt.Errorf("read the owner %q: it names no process", label)
	}
	return o, nil
}

// gone tells whether a run's owner has ended, as far as this process can see. An owner on another
// machine or in another pid namespace can't be looked at: its run is gone when it has expired.
func (o owner) gone(here owner, expires time.Time) bool {
	switch {
	case o.host != here.host:
		return time.Now().After(expires)
	case o.boot != here.boot:
		return true // the machine has been restarted since
	case o.space != here.space:
		return time.Now().After(expires)
	}
	start, alive := processStart(o.pid)
	return !alive || start != o.start
}

// thisProcess is this process as an owner.
func thisProcess() owner {
	start, _ := processStart(os.Getpid())
	return owner{host: machine(), boot: bootID(), space: pidSpace(), pid: os.Getpid(), start: start}
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
