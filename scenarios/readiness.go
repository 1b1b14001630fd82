package scenarios

import (
	"cmp"
	"time"
)

// Readiness is how an image is seen to be ready, in Compose's words. It has a Test, an HTTP, a TCP or a GRPC.
type Readiness struct {
	// A command in the container that ends with 0 when it is ready: [CMD, pg_isready], [CMD-SHELL, TEXT], or a text for its
	// shell.
	Test ReadinessTest `yaml:"test" json:"test,omitempty"`
	// In place of test: a path that is answered with 2xx.
	HTTP string `yaml:"http" json:"http,omitempty"`
	// In place of test: a port that takes connections.
	TCP int `yaml:"tcp" min:"1" max:"65535" json:"tcp,omitempty"`
	// In place of test: a port whose gRPC health service (grpc.health.v1) says SERVING, over HTTP/2 without TLS.
	GRPC int `yaml:"grpc" min:"1" max:"65535" json:"grpc,omitempty"`
	// The service that grpc asks about. Default the server as a whole.
	Service string `yaml:"service" json:"service,omitempty"`
	// The port that http asks. Default the node's.
	Port int `yaml:"port" min:"1" max:"65535" json:"port,omitempty"`
	// How often it is looked. Default 30s; http, tcp and grpc are asked more often until they succeed, and test is run every
	// second until its first interval or start_period is over, where the engine can (Docker 25 and later).
	Interval time.Duration `yaml:"interval" sign:"positive" json:"interval,omitempty"`
	// How long one look may take. Default 30s for test, 2s for the others.
	Timeout time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty"`
	// Failed looks in a row, once start_period is over, after which it is never going to be ready. Default 3.
	Retries int `yaml:"retries" min:"1" json:"retries,omitempty"`
	// How long failed looks do not count after a start.
	StartPeriod time.Duration `yaml:"start_period" sign:"positive" json:"start_period,omitempty"`
}

// ReadinessTest is CMD and the words of a command, or CMD-SHELL and a text.
type ReadinessTest []string

// How a ReadinessTest begins.
const (
	TestCommand = "CMD"
	TestShell   = "CMD-SHELL"
)

// Defaults of a Readiness.
const (
	DefaultReadinessInterval = 30 * time.Second
	DefaultReadinessTimeout  = 30 * time.Second
	DefaultLookTimeout       = 2 * time.Second
	DefaultReadinessRetries  = 3
)

// WithDefaults is what it comes to.
func (r Readiness) WithDefaults() Readiness {
	look := DefaultReadinessTimeout
	if len(r.Test) == 0 {
		look = DefaultLookTimeout
	}
	r.Interval, r.Timeout, r.Retries = cmp.Or(r.Interval, DefaultReadinessInterval), cmp.Or(r.Timeout, look), cmp.Or(r.Retries, DefaultReadinessRetries)
	return r
}

// Patience is how long it may take at most until it is known whether it is ready.
func (r Readiness) Patience() time.Duration {
	r = r.WithDefaults()
	if len(r.Test) == 0 {
		return r.StartPeriod + time.Duration(r.Retries)*r.Interval
	}
	return max(r.StartPeriod, r.Interval) + time.Duration(r.Retries+1)*(r.Interval+r.Timeout)
}
