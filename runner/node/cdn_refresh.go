package node

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// longestRefresh bounds a refresh where the policy has no timeout, so that one that hangs is not the copy's last.
const longestRefresh = 30 * time.Second

// refreshing is the keys that are being refreshed now. The zero value is ready.
type refreshing struct {
	mu  sync.Mutex
	now map[string]bool
}

// begin tells whether the caller is to refresh the key; it calls end when it is done.
func (r *refreshing) begin(key string) bool {
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

func (r *refreshing) end(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.now, key)
}

// refresh asks the origin for a newer copy while nobody waits for it, once at a time for each key. It ends with the node.
func (c *cdn) refresh(r *http.Request, why cause, rule *cdnRule, key string) {
	if !c.fresh.begin(key) {
		return
	}
	cacheRefreshesTotal.in(c.i.metrics).Add(1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), longestRefresh)
	again := r.Clone(ctx) // the handler may be gone before it is sent
	c.i.answering.start(func() {
		defer c.fresh.end(key)
		defer cancel()
		c.ask(ctx, again, why, rule, key) // a failure leaves the copy as it is: the next request tries again
	})
	c.i.answering.start(func() {
		select {
		case <-c.i.halt:
			cancel()
		case <-ctx.Done():
		}
	})
}
