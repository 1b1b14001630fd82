package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// hierarchies are where this machine's control groups of version 1 are mounted, one for each controller.
func hierarchies() ([]string, error) { return mounted("cgroup") }

// allHierarchies are those of version 2, too: where there are both, runc makes groups in either.
func allHierarchies() ([]string, error) { return mounted("cgroup", "cgroup2") }

// mounted are the places of file systems of some kinds.
func mounted(kinds ...string) ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		before, after, found := strings.Cut(line, " - ")
		kind, _, _ := strings.Cut(after, " ")
		if fields := strings.Fields(before); found && slices.Contains(kinds, kind) && len(fields) > 4 {
			out = append(out, unescape(fields[4]))
		}
	}
	return out, nil
}

// makeGroups makes a node's control group in every hierarchy.
func (c *Cluster) makeGroups(node string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range all {
		group := filepath.Join(hierarchy, c.group(node))
		if err := os.MkdirAll(group, 0o755); err != nil {
			return fmt.Errorf("make a control group: %w", err)
		}
		for _, g := range []string{filepath.Dir(group), group} { // parents first: a group has no more than they
			for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
				if err := inherit(hierarchy, g, file); err != nil {
					return err
				}
			}
		}
		if err := weigh(filepath.Dir(group)); err != nil {
			return err
		}
	}
	return nil
}

// podsWeight is what all pods together weigh against what else runs on this machine, where 1024 is one thread. On a machine of their own nothing would
// stand against them but some daemons; as they come they would weigh no more than one thread of the API server's, and wait for hundreds of milliseconds
// for a processor as soon as anything else computes: the p99 of examples/latency.yaml was 327 ms where it is 36 ms so, with twenty other processes at work
// on two processors.
const podsWeight = "16384"

// weigh gives a group its weight, where its hierarchy is that of processors' time.
func weigh(group string) error {
	f, err := os.OpenFile(filepath.Join(group, "cpu.shares"), os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = f.WriteString(podsWeight)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("give a control group its weight: %w", err)
	}
	return nil
}

// inherit gives a group what its hierarchy's root has; a group of processors with none runs nothing.
func inherit(hierarchy, group, file string) error {
	value, err := os.ReadFile(filepath.Join(hierarchy, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(group, file), value, 0o600)
	}
	if err != nil {
		return fmt.Errorf("give a control group its processors: %w", err)
	}
	return nil
}

// groupPatience is how long the processes of machines take to end that were killed.
const groupPatience = 20 * time.Second

// removeGroups removes all control groups of a cluster, the deepest first. One whose last process is still ending is waited for.
func (c *Cluster) removeGroups() error {
	all, err := allHierarchies()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(groupPatience)
	for _, hierarchy := range all {
		var groups []string
		top := filepath.Dir(filepath.Join(hierarchy, c.group("x")))
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && d.IsDir() {
				groups = append(groups, path)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("look for control groups: %w", err)
		}
		for _, group := range slices.Backward(groups) { // what is below comes after
			for {
				err := os.Remove(group)
				if err == nil || errors.Is(err, fs.ErrNotExist) {
					break
				}
				if !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
					return fmt.Errorf("remove a control group: %w", err)
				}
				time.Sleep(everyLook)
			}
		}
	}
	return nil
}

// unescape reads a path as the kernel writes it: blanks and the like as \ and three octal digits.
func unescape(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}
