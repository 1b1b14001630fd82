package pools

import (
	"errors"
	"sync"
)

// Kept are the pools, or connections, of an instance to each of those that it speaks to. The zero value has none.
type Kept[To comparable, T any] struct {
	mu sync.Mutex
	of map[To]T
}

// Get is the one to somebody, made where there is none yet.
func (k *Kept[To, T]) Get(to To, make func() (T, error)) (T, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if found, is := k.of[to]; is {
		return found, nil
	}
	made, err := make()
	if err != nil {
		return made, err
	}
	if k.of == nil {
		k.of = map[To]T{}
	}
	k.of[to] = made
	return made, nil
}

// Each does something with all of them, and joins the errors. None is made meanwhile.
func (k *Kept[To, T]) Each(do func(T) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	for _, one := range k.of {
		errs = append(errs, do(one))
	}
	return errors.Join(errs...)
}
