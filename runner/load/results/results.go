// Package results writes what was sent as vegeta's own stream of results, which `vegeta report` and `vegeta plot` read.
package results

import (
	"bufio"
	"fmt"
	"io"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Hit is a request that was sent, and what came of it.
type Hit struct {
	Load string
	// Number counts the load's requests that were sent from 0, without gaps, as vegeta plot needs it.
	Number uint64
	// Intended is when it was to be sent, and Latency counts from then, so that vegeta's figures are free of coordinated
	// omission as ours are. What stayed unsent is no hit, as vegeta has no word for that.
	Intended time.Time
	Latency  time.Duration
	Exchange
	// Error is the class of a failure, "" without.
	Error string
}

// Exchange is what a request and its answer were on the wire.
type Exchange struct {
	Method, URL       string
	Status            int
	BytesOut, BytesIn int64
}

// Writer writes hits as vegeta's gob stream. Whoever sends never waits for the disk: hits queue up in memory and one goroutine writes them. A
// nil one writes nothing.
type Writer struct {
	out io.Writer

	mu     sync.Mutex
	queue  []vegeta.Result
	lost   int
	wake   chan struct{}
	closed bool

	done chan error
}

// mostQueued bounds the queue (some 100 MB); a disk that is that far behind loses results, which is an error.
const mostQueued = 500_000

// New begins a stream; nil where it goes nowhere.
func New(out io.Writer) *Writer {
	if out == nil {
		return nil
	}
	w := &Writer{out: out, wake: make(chan struct{}, 1), done: make(chan error, 1)}
	go func() { w.done <- w.write() }()
	return w
}

// Add queues one hit.
func (w *Writer) Add(h Hit) {
	if w == nil {
		return
	}
	res := vegeta.Result{
		Attack: h.Load, Seq: h.Number, Code: uint16(h.Status), Timestamp: h.Intended, Latency: h.Latency,
		BytesOut: uint64(h.BytesOut), BytesIn: uint64(h.BytesIn), Error: h.Error, Method: h.Method, URL: h.URL,
	}
	w.mu.Lock()
	if len(w.queue) < mostQueued {
		w.queue = append(w.queue, res)
	} else {
		w.lost++
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *Writer) write() error {
	b := bufio.NewWriterSize(w.out, 1<<16)
	encode := vegeta.NewEncoder(b)
	var batch []vegeta.Result
	var err error
	for range w.wake {
		w.mu.Lock()
		batch, w.queue = w.queue, batch[:0]
		closed := w.closed
		w.mu.Unlock()
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

// closeWait is how long Close waits for the writer: a disk that hangs must not hang the run.
const closeWait = 30 * time.Second

// Close writes what is queued and waits for it.
func (w *Writer) Close() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	w.closed = true
	lost := w.lost
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	select {
	case err := <-w.done:
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
