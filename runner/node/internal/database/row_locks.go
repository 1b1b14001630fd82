package database

import (
	"context"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

var lockSecondsTotal = host.NewSeconds("squall_lock_seconds_total", "Time that writes waited for the lock of their key.")

// rowLocks let one write of a key be under way at once, the others in order of arrival.
type rowLocks struct {
	metrics *host.Metrics
	mu      sync.Mutex
	held    map[string]*rowLock
}

// rowLock is one key's: a line for one worker.
type rowLock struct {
	queue *admission.Workers
	users int // who hold or await it
}

// take waits for a key's lock, or for ctx to end.
func (l *rowLocks) take(ctx context.Context, key string) (unlock func(), err error) {
	l.mu.Lock()
	lock := l.held[key]
	if lock == nil {
		if l.held == nil {
			l.held = make(map[string]*rowLock)
		}
		// Its counts are its own: a wait for a lock is none for a worker.
		lock = &rowLock{queue: admission.NewWorkers(&scenarios.Node{Workers: 1}, host.NewMetrics())}
		l.held[key] = lock
	}
	lock.users++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if lock.users--; lock.users == 0 {
			delete(l.held, key)
		}
	}
	began := time.Now()
	err = lock.queue.Acquire(ctx, false)
	lockSecondsTotal.In(l.metrics).Add(int64(time.Since(began)))
	if err != nil {
		leave()
		return nil, err
	}
	return func() {
		lock.queue.Release()
		leave()
	}, nil
}
