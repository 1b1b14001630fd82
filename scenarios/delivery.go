package scenarios

import "time"

// Delivery says which message a queue delivers next, and when it gives one up. Its zero value delivers in
// order of arrival, and never gives up.
type Delivery struct {
	Order     string        `yaml:"order" enum:"oldest,newest" json:"order,omitempty" doc:"queue: which waiting message is next: the oldest (default), or the newest, so that after an outage what is new is not late because of what is old."`
	Redeliver int           `yaml:"redeliver" min:"1" json:"redeliver,omitempty" doc:"queue: so often a message is tried again before it is a dead letter, kept and counted. Default for ever."`
	TTL       time.Duration `yaml:"ttl" sign:"positive" json:"ttl,omitempty" doc:"queue: a message that has waited for longer is given up. Default none is."`
}
