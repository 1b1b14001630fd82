package scenarios

import "time"

// Delivery says how many messages a queue or a stream holds, which one a queue delivers next, and when it gives one up.
// Its zero value takes any number, delivers in order of arrival, and never gives up.
type Delivery struct {
	// queue, stream: the most messages that wait for their delivery; the rest are refused (503, with Retry-After),
	// so that whoever sends feels it. Default unbounded.
	Most int `yaml:"most" min:"1" kinds:"queue,stream" json:"most,omitempty"`
	// queue: which waiting message is next: the oldest (default), or the newest, so that after an outage what is
	// new is not late because of what is old.
	Order string `yaml:"order" enum:"oldest,newest" kinds:"queue" json:"order,omitempty"`

	Redelivery `yaml:",inline"`
}

// Redelivery says when a message is not tried any more, and how old it may be when it is delivered to be of use.
type Redelivery struct {
	// So often a message is tried again before it is a dead letter, kept and counted. Default for ever.
	Redeliver int `yaml:"redeliver" min:"1" kinds:"queue" json:"redeliver,omitempty"`
	// How old a message may be when it is delivered to count as fresh: what an expectation's fresh looks at.
	Freshness time.Duration `yaml:"freshness" sign:"positive" kinds:"queue" json:"freshness,omitempty"`
	// A message that has waited for longer is given up. Default none is.
	TTL time.Duration `yaml:"ttl" sign:"positive" kinds:"queue" json:"ttl,omitempty"`
}
