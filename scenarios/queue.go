package scenarios

import "time"

// Delivery is what a queue alone has, but for the bound that a stream has too: how many messages it holds, which one it
// delivers next and to whom, and when it gives one up. Its zero value takes any number, delivers in order of arrival, and
// never gives up.
type Delivery struct {
	// queue, stream: the most messages that wait for their delivery; the rest are refused (503, with Retry-After),
	// so that whoever sends feels it. Default unbounded.
	Most int `yaml:"most" min:"1" kinds:"queue,stream" json:"most,omitempty"`
	// queue: which waiting message is next: the oldest (default), or the newest, so that after an outage what is
	// new is not late because of what is old.
	Order string `yaml:"order" enum:"oldest,newest" json:"order,omitempty"`

	Redelivery `yaml:",inline"`
	// queue: what it promises whoever pops. at_least_once (default): a message is there until it is acknowledged, and comes again where
	// it is not in time. at_most_once: it is gone when it is given away, whatever becomes of who took it. Of NATS it decides who
	// carries messages: JetStream, or core NATS, where a message that nobody is there to take is gone. Of Kafka it
	// decides when a position is committed: when all before it is done, so that a crash gives again what came after, or before.
	Promise Promise `yaml:"delivery" enum:"at_least_once,at_most_once" json:"delivery,omitempty"`
	// queue: how long who popped a message has until it is acknowledged; it comes again then. Default 30s.
	AckWithin time.Duration `yaml:"ack_within" sign:"positive" json:"ack_within,omitempty"`
	// queue: where messages are delivered, as NODE METHOD /path; {key} and {id} in it are the message's. Without it
	// services take them: a step pop.
	To *Call `yaml:"to" json:"to,omitempty"`
}

// Redelivery says when a message is not tried any more, and how old it may be when it is delivered to be of use.
type Redelivery struct {
	// So often a message is tried again before it is a dead letter, kept and counted. Default for ever.
	Redeliver int `yaml:"redeliver" min:"1" json:"redeliver,omitempty"`
	// How old a message may be when it is delivered to count as fresh: what an expectation's fresh looks at.
	Freshness time.Duration `yaml:"freshness" sign:"positive" json:"freshness,omitempty"`
	// A message that has waited for longer is given up. Default none is.
	TTL time.Duration `yaml:"ttl" sign:"positive" json:"ttl,omitempty"`
}
