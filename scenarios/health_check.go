package scenarios

import (
	"time"
)

// HealthCheck is active: a caller asks every replica of a dependency every so often, over the same connection that its calls take.
// One that fails so many checks in a row is left alone until it passes so many. Without Path any answer passes, whatever its
// status: it is asked whether it is there (shallow). With Path an answer of 400 and more fails, and so may what the endpoint
// itself depends on (deep): then all replicas fail at once, which is what Most is for.
//
// A replica that begins to hang at any moment is out after (Failures - 1/2) Every + Timeout in the mean.
type HealthCheck struct {
	// How often each replica is asked, by each instance that calls it.
	Every time.Duration `yaml:"every" need:"yes" sign:"positive" json:"every"`
	// How long an answer may take. Default every.
	Timeout time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty"`
	// Failed checks in a row that take it out. Default 3.
	Failures int `yaml:"failures" min:"1" json:"failures,omitempty"`
	// Passed checks in a row that bring it back. Default 2.
	Passes int `yaml:"passes" min:"1" json:"passes,omitempty"`
	// What is asked, as in /health: an endpoint of the dependency, and 400 and more is a failure. Default /, where
	// any answer passes.
	Path string `yaml:"path" json:"path,omitempty"`
	// The panic threshold: when more than this share of the replicas is out, all are used. Default 50%; with 100%
	// nobody is called when all are out (503).
	Most float64 `yaml:"most" zero:"nobody would ever be left alone" unit:"share" json:"most,omitempty"`
}

// Defaults of a health check.
const (
	DefaultCheckFailures = 3
	DefaultCheckPasses   = 2
)
