package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
)

// cpuMeter reads the CPU time of a container's present incarnation. On the engine's own machine it reads
// what the kernel counts, in microseconds; elsewhere it asks the engine, which takes up to a
// second to answer (measured on 20.10).
type cpuMeter struct {
	// file is the kernel's counter, empty where it can't be read; looked tells that we looked.
	mu     sync.Mutex
	file   string
	looked bool
}

// forget has the counter looked for again: another container has taken the place of the one that it was of.
func (c *cpuMeter) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.file, c.looked = "", false
}

func (c *cpuMeter) read(ctx context.Context, t *testbed, id string) (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.looked {
		c.file, c.looked = t.engine.counter(ctx, id, cpuFiles)
	}
	if c.file == "" {
		release, err := slot(ctx, t.askSlots)
		if err != nil {
			return 0, false
		}
		defer release()
		return t.engine.cpuAsked(ctx, id)
	}
	data, err := os.ReadFile(c.file)
	if err != nil {
		return 0, false // it has ended
	}
	return parseCPU(string(data))
}

// parseCPU reads cpu.stat (usage_usec N, among others) or cpuacct.usage (nanoseconds).
func parseCPU(text string) (time.Duration, bool) {
	unit := time.Nanosecond
	if _, after, found := strings.Cut(text, "usage_usec "); found {
		text, _, _ = strings.Cut(after, "\n")
		unit = time.Microsecond
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return time.Duration(n) * unit, err == nil
}

// cpuFiles are where the CPU time of a control group may be counted.
func cpuFiles(controllers, folder string) (files []string, counts func(string) bool) {
	return []string{
		filepath.Join("/sys/fs/cgroup", folder, "cpu.stat"),
		filepath.Join("/sys/fs/cgroup/cpuacct", folder, "cpuacct.usage"),
		filepath.Join("/sys/fs/cgroup", controllers, folder, "cpuacct.usage"),
	}, func(text string) bool { _, is := parseCPU(text); return is }
}

// killFiles are where what the kernel has killed in a control group for want of memory may be counted.
func killFiles(controllers, folder string) (files []string, counts func(string) bool) {
	return []string{
		filepath.Join("/sys/fs/cgroup", folder, "memory.events"),
		filepath.Join("/sys/fs/cgroup/memory", folder, "memory.oom_control"),
		filepath.Join("/sys/fs/cgroup", controllers, folder, "memory.oom_control"),
	}, func(text string) bool { _, is := parseKills(text); return is }
}

// parseKills reads memory.events or memory.oom_control, which both have a line of oom_kill.
func parseKills(text string) (int64, bool) {
	for line := range strings.Lines(text) {
		if n, is := strings.CutPrefix(line, "oom_kill "); is {
			kills, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			return kills, err == nil
		}
	}
	return 0, false
}

// counter finds a running container's counter on the engine's own machine, "" where it can't be read. It is kept over restarts, which make
// it anew at the same place. Whether we looked for good is the second result: a container that does not run has none yet.
func (e *Engine) counter(ctx context.Context, id string, where func(controllers, folder string) ([]string, func(string) bool)) (string, bool) {
	inspected, err := e.api.ContainerInspect(ctx, id)
	if err != nil || inspected.State == nil || inspected.State.Pid == 0 {
		return "", false
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", inspected.State.Pid))
	if err != nil {
		return "", true
	}
	for line := range strings.Lines(string(data)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, folder, _ := strings.Cut(rest, ":")
		// A process of that number that belongs to another container is one of another machine.
		if !strings.Contains(folder, inspected.ID) {
			continue
		}
		files, counts := where(controllers, folder)
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil && counts(string(data)) {
				return file, true
			}
		}
	}
	return "", true
}

// cpuAsked asks the engine.
func (e *Engine) cpuAsked(ctx context.Context, id string) (time.Duration, bool) {
	answer, err := e.api.ContainerStatsOneShot(ctx, id)
	if err != nil {
		return 0, false
	}
	defer answer.Body.Close()
	var stats container.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&stats); err != nil || stats.CPUStats.CPUUsage.TotalUsage == 0 {
		return 0, false
	}
	return time.Duration(stats.CPUStats.CPUUsage.TotalUsage), true
}

// sameKill is how soon after one notice of want of memory another is of the same kill.
const sameKill = time.Second

// starvation is what of an incarnation the kernel has killed for want of memory. A notice of want may not be of a kill: the first version
// of control groups gives one for each try to get memory, while who was killed has not given its own back.
type starvation struct {
	mu   sync.Mutex
	told int64
	last time.Time
}

// untold is how many kills nobody was told of before a notice of a time: by the kernel's count where that can be read, and else by how
// close that is upon another one.
func (s *starvation) untold(at time.Time, count func() (int64, bool)) (kills int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, is := count(); is {
		kills = max(n-s.told, 0)
	} else if at.Sub(s.last) > sameKill {
		kills = 1
	}
	s.told += kills
	s.last = at
	return kills
}

// kills is how many processes of a running container the kernel has killed for want of memory; false: that can't be read.
func (e *Engine) kills(ctx context.Context, id string) (int64, bool) {
	file, _ := e.counter(ctx, id, killFiles)
	if file == "" {
		return 0, false
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	return parseKills(string(data))
}
