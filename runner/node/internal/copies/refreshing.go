package copies

import "sync"

// Refreshing is the keys that are being refreshed now. The zero value is ready.
type Refreshing struct {
	mu  sync.Mutex
	now map[string]bool
}

// Begin tells whether the caller is to refresh the key; it calls end when it is done.
func (r *Refreshing) Begin(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now[key] {
		return false
	}
	if r.now == nil {
		r.now = make(map[string]bool)
	}
	r.now[key] = true
	return true
}

func (r *Refreshing) End(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.now, key)
}
