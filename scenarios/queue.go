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
	// queue: where messages are delivered, as NODE METHOD /path; {key} and {id} in it are the message's.
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
