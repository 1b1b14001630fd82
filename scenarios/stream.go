package scenarios

import "time"

// Stream is a log that is read by several: every subscriber gets every message, at its own pace and from a position
// of its own. Messages of one key are in one partition, and a subscriber gets a partition's messages in order,
// one at a time.
type Stream struct {
	// stream: how many parts the log has. A key's messages are in one of them, in order; a subscriber takes one
	// message of each part at a time. Default 1.
	Partitions int `yaml:"partitions" min:"1" max:"10000" json:"partitions,omitempty"`
	// stream: how long messages are kept that every subscriber has had, for a replay. Default none are.
	Retain time.Duration `yaml:"retain" sign:"positive" json:"retain,omitempty"`
	// stream: who gets every message, each by a name of its own: {search: {to: NODE METHOD /path}}.
	Subscribers []*Subscriber `yaml:"subscribers" json:"subscribers,omitempty"`
}

// Subscriber is one reader of a stream, with a position of its own in each partition.
type Subscriber struct {
	Name string `yaml:"-" json:"name"`
	// Where its messages are delivered, as NODE METHOD /path; {key} and {id} in it are the message's.
	To *Call `yaml:"to" need:"yes" json:"to"`
	// Deliveries at once. Default, and at most: one for each partition.
	Workers int `yaml:"workers" min:"1" json:"workers,omitempty"`

	Redelivery `yaml:",inline"`
	// Policy is over that of the stream. Its retry says how attempts back off; redeliver says how many there are.
	Policy `yaml:",inline"`
}
