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

func (c *cpuMeter) read(ctx context.Context, t *testbed, id string) (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.looked {
		c.file, c.looked = t.engine.cpuFile(ctx, id)
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

// cpuFile finds a running container's counter. It is kept over restarts, which make it anew at the
// same place. Whether we looked for good is the second result: a container that does not run has none yet.
func (e *Engine) cpuFile(ctx context.Context, id string) (string, bool) {
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
		if !strings.Contains(folder, id) {
			continue
		}
		for _, file := range []string{
			filepath.Join("/sys/fs/cgroup", folder, "cpu.stat"),
			filepath.Join("/sys/fs/cgroup/cpuacct", folder, "cpuacct.usage"),
			filepath.Join("/sys/fs/cgroup", controllers, folder, "cpuacct.usage"),
		} {
			if data, err := os.ReadFile(file); err == nil {
				if _, ok := parseCPU(string(data)); ok {
					return file, true
				}
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
