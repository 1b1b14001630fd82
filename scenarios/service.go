package scenarios

import "time"

// Service is what a service alone has: what it answers, and how what it is asked waits for that.
type Service struct {
	// Requests that may wait for a worker before the rest are shed (503); 0: none may. Default unbounded.
	Queue *int `yaml:"queue" min:"0" json:"queue,omitempty"`
	// service: connections that each instance opens to each instance of a database, at most; statements beyond
	// wait for one. Default 10.
	Pool            int `yaml:"pool" min:"1" json:"pool,omitempty"`
	QueueDiscipline `yaml:",inline"`
	// service: how much slower it is at first, as with empty caches.
	Cold *Cold `yaml:"cold" json:"cold,omitempty"`
	// service: what it answers and what it does for that.
	Endpoints []*Endpoint `yaml:"endpoints" json:"endpoints,omitempty"`
}

// Cold is how an instance is after its start: its work and compute take Factor times as long, until For has passed.
type Cold struct {
	// How many times as long work and compute take.
	Factor float64 `yaml:"factor" need:"yes" sign:"positive" json:"factor"`
	// For how long after its start.
	For time.Duration `yaml:"for" need:"yes" sign:"positive" json:"for"`
}

// Endpoint is one thing that a service answers.
type Endpoint struct {
	// Match is "METHOD /path/{param}".
	Match string `yaml:"-" json:"match"`
	Steps []Step `yaml:"-" json:"steps"`
}
