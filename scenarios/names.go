package scenarios

import (
	"strconv"
	"strings"
)

// Instance finds the node and replica that a name such as orders-2 stands for; nil if none.
func (s *Scenario) Instance(name string) (*Node, int) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return nil, 0
	}
	number := name[i+1:]
	replica, err := strconv.Atoi(number)
	if err != nil || strconv.Itoa(replica) != number {
		return nil, 0
	}
	n := s.Node(name[:i])
	if n == nil || replica < 1 || replica > max(n.Replicas, 1) {
		return nil, 0
	}
	return n, replica
}
