package load

import (
	"bufio"
	"fmt"
	"io"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/squallhq/squall/runner/record"
)

// results writes vegeta's gob stream, which `vegeta report` and `vegeta plot` read. Timestamp is
// the intended time and Latency counts from it, so that vegeta's figures are free of coordinated
// omission as ours are. What stayed unsent is not in it, as vegeta has no word for that.
//
// Whoever sends never waits for the disk: results queue up in memory and one goroutine writes them.
type results struct {
	out io.Writer // nil: none is written

	mu     sync.Mutex
	queue  []vegeta.Result
	lost   int
	wake   chan struct{}
	closed bool

	done chan error
}

// mostQueued bounds the queue (some 100 MB); a disk that is that far behind loses results, which is an error.
const mostQueued = 500_000

func newResults(out io.Writer) *results {
	return &results{out: out, wake: make(chan struct{}, 1), done: make(chan error, 1)}
}

func (r *results) start() {
	if r.out != nil {
		go func() { r.done <- r.write() }()
	}
}

// add queues one result. hit counts the load's sent requests, without gaps, as vegeta plot needs it.
func (r *results) add(c *class, q request, hit uint64, s record.Sample, a answer) {
	if r.out == nil {
		return
	}
	res := vegeta.Result{
		Attack: c.load.Name, Seq: hit, Code: uint16(a.status),
		Timestamp: c.order.Zero.Add(s.Intended), Latency: s.Latency(),
		BytesOut: uint64(a.bytesOut), BytesIn: uint64(a.bytesIn),
		Error: s.Error, Method: c.mix.kinds[q.kind].method, URL: c.mix.url(q),
	}
	r.mu.Lock()
	if len(r.queue) < mostQueued {
		r.queue = append(r.queue, res)
	} else {
		r.lost++
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *results) write() error {
	b := bufio.NewWriterSize(r.out, 1<<16)
	encode := vegeta.NewEncoder(b)
	var batch []vegeta.Result
	var err error
	for range r.wake {
		r.mu.Lock()
		batch, r.queue = r.queue, batch[:0]
		closed := r.closed
		r.mu.Unlock()
		for i := range batch {
			if err == nil {
				err = encode(&batch[i])
			}
			batch[i] = vegeta.Result{}
		}
		if closed {
			break
		}
	}
	if err == nil {
		err = b.Flush()
	}
	return err
}

// closeWait is how long close waits for the writer: a disk that hangs must not hang the run.
const closeWait = 30 * time.Second

// close writes what is queued and waits for it.
func (r *results) close() error {
	if r.out == nil {
		return nil
	}
	r.mu.Lock()
	r.closed = true
	lost := r.lost
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	select {
	case err := <-r.done:
		if err != nil {
			return fmt.Errorf("write results: %w", err)
		}
	case <-time.After(closeWait):
		return fmt.Errorf("write results: not done %v after the end", closeWait)
	}
	if lost > 0 {
		return fmt.Errorf("write results: %d lost, the writer was too slow", lost)
	}
	return nil
}
