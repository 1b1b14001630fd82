package admission

import (
	"context"
	"sync"
)

// KeyedLock lets one at a time be at work on an id. The zero value is ready.
type KeyedLock struct {
	mu  sync.Mutex
	now map[string]chan struct{} // closed by who leaves
}

// Acquire waits for the turn, or for ctx to end.
func (t *KeyedLock) Acquire(ctx context.Context, id string) (leave func(), err error) {
	for {
		t.mu.Lock()
		taken := t.now[id]
		if taken == nil {
			mine := make(chan struct{})
			if t.now == nil {
				t.now = make(map[string]chan struct{})
			}
			t.now[id] = mine
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				delete(t.now, id)
				t.mu.Unlock()
				close(mine)
			}, nil
		}
		t.mu.Unlock()
		select {
		case <-taken:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
