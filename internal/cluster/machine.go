//go:build linux

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// RunMachine is the first process of a machine, process 1 of its namespace: it hides what other machines have, sets up the network and
// runs the parts for as long as it lives. It returns only where it could not start.
func RunMachine(path string, in io.Reader) error {
	if os.Getpid() != 1 {
		return errors.New("run a machine: this is the first process of a namespace of process ids, or nothing")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var m machine
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	ahead := make([]byte, len(goAhead))
	if _, err := io.ReadFull(in, ahead); err != nil {
		return fmt.Errorf("machine %s: who starts it is gone: %w", m.Name, err)
	}
	if err := syscall.Sethostname([]byte(m.Name)); err != nil {
		return fmt.Errorf("machine %s: set the host name: %w", m.Name, err)
	}
	if err := m.mount(); err != nil {
		return fmt.Errorf("machine %s: %w", m.Name, err)
	}
	for _, command := range m.Setup {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("machine %s: %s: %w: %s", m.Name, strings.Join(command, " "), err, strings.TrimSpace(string(out)))
		}
	}
	return m.run()
}
