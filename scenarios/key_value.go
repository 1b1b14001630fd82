package scenarios

import "time"

// KeyValue is a step that keeps a value of the scenario's own in a cache, such as a session.
type KeyValue struct {
	// Look a key up in this cache. What is found is the answer's body, where no respond step gives one.
	Get string `yaml:"get" step:"does" json:"get,omitempty"`
	// Keep a value under a key in this cache. It is there for as long as the cache keeps it: a crash of a built-in one takes it.
	Set string `yaml:"set" step:"does" json:"set,omitempty"`
	// set: the text that is kept, in which the endpoint's {parameters} are replaced, of 4kB at most. Default the request's id.
	Value string `yaml:"value" of:"set" json:"value,omitempty"`
	// set: how long it is kept. Default for as long as there is room.
	TTL time.Duration `yaml:"ttl" of:"set" sign:"positive" json:"ttl,omitempty"`
}
