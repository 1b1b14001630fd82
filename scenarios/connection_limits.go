package scenarios

import "time"

// ConnectionLimits are how a node limits HTTP connections: of those who call it and to those that it calls.
type ConnectionLimits struct {
	// cdn, gateway, service: the longest a client may take to send a request's headers before its connection is
	// closed, so that slow clients do not hold what others need. Default 10s.
	HeaderTimeout time.Duration `yaml:"header_timeout" sign:"positive" json:"header_timeout,omitempty"`
	// cdn, gateway, service: the most HTTP connections that an instance has to each instance that it calls; calls
	// over it wait for one. Default unbounded.
	UpstreamPool int `yaml:"upstream_pool" min:"1" json:"upstream_pool,omitempty"`
}
