package scenarios

import (
	"fmt"
	"time"
)

// NoQueue is a node's Queue where none may wait: the file's 0, as the field's 0 is "not said", unbounded.
const NoQueue = -1

// AbandonedServe is the word for a service that does not notice that a client has left.
const AbandonedServe = "serve"

// Line says how requests wait for a worker. Its zero value is first come, first served, for as long as it takes.
type Line struct {
	Discipline string        `yaml:"discipline" enum:"fifo,lifo,codel,deadline" json:"discipline,omitempty" doc:"service: who of the waiting is next. fifo (default); lifo: the newest; deadline: the oldest that has waited for max_wait at most, older ones are dropped (503); codel: the same with target_wait in place of max_wait once the queue has not been empty for max_wait."`
	MaxWait    time.Duration `yaml:"max_wait" sign:"positive" json:"max_wait,omitempty" doc:"deadline, codel: the longest wait for a worker. Default of codel 100ms."`
	TargetWait time.Duration `yaml:"target_wait" sign:"positive" json:"target_wait,omitempty" doc:"codel: the longest wait while the queue stands. Default 5ms."`
	Abandoned  string        `yaml:"abandoned" enum:"drop,serve" json:"abandoned,omitempty" doc:"service: what becomes of a request whose client has left. drop (default): it leaves the queue, and its next step is not begun; serve: it is worked on all the same, as by a server that does not look."`
}

// line checks that the keys of a service's queue go together.
func (v *validator) line(n *Node) {
	at := func(key string) []any { return path("topology", n.Name, key) }
	switch {
	case n.Discipline == "deadline" && n.MaxWait == 0:
		v.problem(at("discipline"), fmt.Sprintf("service %q drops by deadline, and has none", n.Name), "add max_wait: 800ms, less than its callers wait")
	case n.MaxWait > 0 && n.Discipline != "deadline" && n.Discipline != "codel":
		v.problem(at("max_wait"), "max_wait is for a discipline that drops", "add discipline: deadline, or codel")
	case n.TargetWait > 0 && n.Discipline != "codel":
		v.problem(at("target_wait"), "target_wait is for discipline: codel", "add discipline: codel, or take it away")
	case n.Discipline != "" && n.Queue == NoQueue:
		v.problem(at("discipline"), "there is no queue to have a discipline", "let queue be more than 0, or take the discipline away")
	}
	if n.TargetWait > 0 && n.MaxWait > 0 && n.TargetWait >= n.MaxWait {
		v.problem(at("target_wait"), fmt.Sprintf("a target_wait of %s is not less than the max_wait of %s", n.TargetWait, n.MaxWait), "let it be a small part of max_wait")
	}
}
