package admission

import (
	"context"
	"slices"
	"sync"
)

// KeyedLock lets one at a time be at work on an id, the others in order of arrival. The zero value is ready.
type KeyedLock struct {
	mu    sync.Mutex
	lines map[string][]chan struct{} // who waits for each id that is taken; closed for who has it next
}

// Acquire waits for the turn, or for ctx to end. A turn that came first counts.
func (t *KeyedLock) Acquire(ctx context.Context, id string) (leave func(), err error) {
	leave = func() { t.leave(id) }
	t.mu.Lock()
	line, taken := t.lines[id]
	if !taken {
		if t.lines == nil {
			t.lines = make(map[string][]chan struct{})
		}
		t.lines[id] = nil
		t.mu.Unlock()
		return leave, nil
	}
	mine := make(chan struct{})
	t.lines[id] = append(line, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return leave, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := slices.Index(t.lines[id], mine)
	if n < 0 {
		return leave, nil
	}
	t.lines[id] = slices.Delete(t.lines[id], n, n+1)
	return nil, ctx.Err()
}

// leave hands an id to the next in line.
func (t *KeyedLock) leave(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := t.lines[id]
	if len(line) == 0 {
		delete(t.lines, id)
		return
	}
	t.lines[id] = line[1:]
	close(line[0])
}
