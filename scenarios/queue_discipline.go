package scenarios

import (
	"time"
)

// AbandonedServe is the word for a service that does not notice that a client has left.
const AbandonedServe = "serve"

// QueueDiscipline says how requests wait for a worker. Its zero value is first come, first served, for as long as it takes.
type QueueDiscipline struct {
	// service: who of the waiting is next. fifo (default); lifo: the newest; deadline: the oldest that has waited
	// for max_wait at most, older ones are dropped (503); codel: the same with target_wait in place of max_wait
	// once the queue has not been empty for max_wait.
	Discipline string `yaml:"discipline" enum:"fifo,lifo,codel,deadline" json:"discipline,omitempty"`
	// deadline, codel: the longest wait for a worker. Default of codel 100ms.
	MaxWait time.Duration `yaml:"max_wait" sign:"positive" json:"max_wait,omitempty"`
	// codel: the longest wait while the queue stands. Default 5ms.
	TargetWait time.Duration `yaml:"target_wait" sign:"positive" json:"target_wait,omitempty"`
	// service: what becomes of a request whose client has left. drop (default): it leaves the queue, and its next
	// step is not begun; serve: it is worked on all the same, as by a server that does not look.
	Abandoned string `yaml:"abandoned" enum:"drop,serve" json:"abandoned,omitempty"`
}
