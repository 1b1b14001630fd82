package scenarios

import "time"

// Doors is what a node's HTTP server takes of connections before there is a request.
type Doors struct {
	HeaderTimeout time.Duration `yaml:"header_timeout" sign:"positive" json:"header_timeout,omitempty" doc:"cdn, gateway, service: the longest a client may take to send a request's headers before its connection is closed, so that slow clients do not hold what others need. Default 10s."`
}
