package host

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

// Retain is the instance's T, made where there is none yet. It is called while a role is built.
func Retain[T any](i *Instance, make func() *T) *T { return only(i.retained, make) }

// only is the one T that there is.
func only[T any](in *retained, make func() *T) *T {
	in.mu.Lock()
	defer in.mu.Unlock()
	key := reflect.TypeFor[T]()
	if there, is := in.of[key].(*T); is {
		return there
	}
	made := make()
	if in.of == nil {
		in.of = map[reflect.Type]any{}
	}
	in.of[key] = made
	return made
}
