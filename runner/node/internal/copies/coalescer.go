// Package copies is what caches of all kinds share: askers that join one piece of work, keys that are being refreshed, what
// services and cache nodes say to each other, and the metrics of copies.
package copies

import (
	"context"
	"sync"
)

// Coalescer lets concurrent askers for one key share one piece of work. Unlike x/sync's singleflight,
// the work outlives the asker that began it as long as another waits for it, and ends when none does.
// The zero value is ready.
type Coalescer[T any] struct {
	// InTurn lets those who share a result go on one after the other, by their number from 0; nil: they go on together.
	InTurn func(nth int)

	mu  sync.Mutex
	now map[string]*flight[T]
}

type flight[T any] struct {
	done    chan struct{}
	result  T
	waiting int
	joined  int
	cancel  context.CancelFunc
}

// Do returns what work returns, or the context's error when ctx ends first. joined tells that
// the work had been begun by another. work runs in a goroutine that owner starts and waits for,
// in a context with ctx's values but its own end.
func (f *Coalescer[T]) Do(ctx context.Context, key string, owner func(func()), work func(context.Context) T) (result T, joined bool, err error) {
	f.mu.Lock()
	one, joined := f.now[key]
	if !joined {
		inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
		one = &flight[T]{done: make(chan struct{}), cancel: cancel}
		if f.now == nil {
			f.now = make(map[string]*flight[T])
		}
		f.now[key] = one
		owner(func() {
			defer cancel()
			one.result = work(inner)
			f.mu.Lock()
			f.forget(key, one)
			f.mu.Unlock()
			close(one.done)
		})
	}
	one.waiting++
	nth := one.joined
	one.joined++
	f.mu.Unlock()
	defer f.leave(key, one)
	select {
	case <-one.done:
		if f.InTurn != nil {
			f.InTurn(nth)
		}
		return one.result, joined, nil
	case <-ctx.Done():
		return result, joined, ctx.Err()
	}
}

// leave ends the work when its last asker goes; later ones begin anew.
func (f *Coalescer[T]) leave(key string, one *flight[T]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.waiting--; one.waiting == 0 {
		one.cancel()
		f.forget(key, one)
	}
}

func (f *Coalescer[T]) forget(key string, one *flight[T]) {
	if f.now[key] == one {
		delete(f.now, key)
	}
}
