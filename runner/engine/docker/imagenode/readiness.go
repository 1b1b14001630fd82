package imagenode

import (
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/squallhq/squall/scenarios"
)

// soon is how often a test is run while an instance starts: an interval is meant for what runs already.
const soon = time.Second

// healthcheck is the test that the engine runs: none in place of the image's own, which nobody here would ask about.
func healthcheck(n *scenarios.Node, early bool) *container.HealthConfig {
	if n.Readiness == nil || len(n.Readiness.Test) == 0 {
		return &container.HealthConfig{Test: []string{"NONE"}}
	}
	r := n.Readiness.WithDefaults()
	h := &container.HealthConfig{Test: r.Test, Interval: r.Interval, Timeout: r.Timeout, Retries: r.Retries, StartPeriod: r.StartPeriod}
	if early { // the first look that counts is when it would be without
		h.StartPeriod, h.StartInterval = max(r.StartPeriod, r.Interval), min(soon, r.Interval)
	}
	return h
}
