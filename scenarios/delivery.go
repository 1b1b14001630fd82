package scenarios

import "time"

// Delivery says how many messages a queue or a stream holds, which one a queue delivers next, and when it gives one up.
// Its zero value takes any number, delivers in order of arrival, and never gives up.
type Delivery struct {
	Most  int    `yaml:"most" min:"1" kinds:"queue,stream" json:"most,omitempty" doc:"queue, stream: the most messages that wait for their delivery; the rest are refused (503, with Retry-After), so that whoever sends feels it. Default unbounded."`
	Order string `yaml:"order" enum:"oldest,newest" kinds:"queue" json:"order,omitempty" doc:"queue: which waiting message is next: the oldest (default), or the newest, so that after an outage what is new is not late because of what is old."`

	Redelivery `yaml:",inline"`
}

// Redelivery says when a message is not tried any more, and how old it may be when it is delivered to be of use.
type Redelivery struct {
	Redeliver int           `yaml:"redeliver" min:"1" kinds:"queue" json:"redeliver,omitempty" doc:"So often a message is tried again before it is a dead letter, kept and counted. Default for ever."`
	Freshness time.Duration `yaml:"freshness" sign:"positive" kinds:"queue" json:"freshness,omitempty" doc:"How old a message may be when it is delivered to count as fresh: what an expectation's fresh looks at."`
	TTL       time.Duration `yaml:"ttl" sign:"positive" kinds:"queue" json:"ttl,omitempty" doc:"A message that has waited for longer is given up. Default none is."`
}
