package node

import (
	"reflect"
	"sync"
)

// retained is what an instance holds while its configuration changes: copies, the places of workers and who waits for one,
// pools of connections. Each room keeps its own here, by a type of its own, and need not know of any other's.
type retained struct {
	mu sync.Mutex
	of map[reflect.Type]any
}

// retain is the instance's T, made where there is none yet. It is called while a role is built.
func retain[T any](i *instance, make func() *T) *T {
	i.retained.mu.Lock()
	defer i.retained.mu.Unlock()
	key := reflect.TypeFor[T]()
	if there, is := i.retained.of[key].(*T); is {
		return there
	}
	made := make()
	if i.retained.of == nil {
		i.retained.of = map[reflect.Type]any{}
	}
	i.retained.of[key] = made
	return made
}

// onCommit has something done when the configuration that a role is built for is taken up.
func (i *instance) onCommit(do func()) { i.committing = append(i.committing, do) }

// commit does it.
func (i *instance) commit() {
	for _, do := range i.committing {
		do()
	}
	i.committing = nil
}
