package node

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/squallhq/squall/runner/wire"
)

var (
	messagesTotal  = newCounter("squall_messages_total", "Messages accepted.")
	queueFullTotal = newCounter("squall_queue_full_total", "Messages refused (503) because as many waited as may.")
	backlog        = newGauge("squall_backlog", "Messages not yet delivered (to some subscriber).")
)

// intake takes messages for a queue or a stream: it acknowledges what is on disk, takes one message for each
// idempotency key, and none when as many wait as may.
type intake struct {
	i       *instance
	journal *journal
	turns   turns        // of idempotent messages, by their ids
	most    atomic.Int64 // 0: any number

	mu     sync.Mutex
	counts map[string]int // how often each id was accepted
	coming int64          // let in, and not yet in the journal
}

func newIntake(i *instance) *intake {
	t := &intake{i: i, counts: make(map[string]int)}
	t.most.Store(int64(i.config.Node.Most))
	return t
}

// took counts a message that the journal holds. The backlog has it by then.
func (t *intake) took(m *message, replaying bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[m.id]++
	if !replaying {
		t.coming--
	}
}

// accept takes one message, at most 1 MiB long; 202 means that it is on disk.
func (t *intake) accept(w http.ResponseWriter, r *http.Request, c cause) {
	if status, fails := t.i.errs(c); fails {
		t.i.refuse(w, status, "injected error")
		return
	}
	if err := t.i.slow(r.Context()); err != nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		t.i.refuse(w, http.StatusRequestEntityTooLarge, err.Error())
		return
	}
	m := newMessage(r.Header, c, string(body))
	leave, repeated, err := t.repeated(r, m.id)
	if err != nil {
		return
	}
	defer leave()
	switch {
	case repeated:
	case !t.admit():
		queueFullTotal.in(t.i.metrics).Add(1)
		w.Header().Set("Retry-After", "1")
		t.i.refuse(w, http.StatusServiceUnavailable, "as many messages wait as may")
		return
	default:
		if err := t.journal.append(m.record()); err != nil {
			t.gaveUp()
			t.i.refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		messagesTotal.in(t.i.metrics).Add(1)
		writesTotal.in(t.i.metrics).Add(1)
	}
	w.Header().Set(wire.HeaderWrote, t.i.config.Node.Name+"/"+m.id)
	w.WriteHeader(http.StatusAccepted)
}

// admit lets one more message in, where there is room for it.
func (t *intake) admit() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if most := t.most.Load(); most > 0 && backlog.in(t.i.metrics).Load()+t.coming >= most {
		return false
	}
	t.coming++
	return true
}

// gaveUp takes an admission back.
func (t *intake) gaveUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.coming--
}

// repeated tells whether a message with an idempotency key is here already. Nobody else takes one of its id until leave.
func (t *intake) repeated(r *http.Request, id string) (leave func(), there bool, err error) {
	if r.Header.Get(wire.HeaderIdempotency) == "" {
		return func() {}, false, nil
	}
	if leave, err = t.turns.take(r.Context(), id); err != nil {
		return nil, false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if there = t.counts[id] > 0; there {
		repeatedWritesTotal.in(t.i.metrics).Add(1)
	}
	return leave, there, nil
}

// QueueWrites is what GET /writes answers on the serving address of a queue or a stream.
type QueueWrites struct {
	// Writes is how often each id was accepted, delivered or not.
	Writes map[string]int `json:"writes"`
	// Backlog is how many messages wait for a delivery, Delivered how many deliveries there have been since the start.
	Backlog   int   `json:"backlog"`
	Delivered int64 `json:"delivered"`
}

func (t *intake) readBack(w http.ResponseWriter, _ *http.Request) {
	t.mu.Lock()
	out := QueueWrites{Writes: maps.Clone(t.counts), Backlog: int(backlog.in(t.i.metrics).Load()), Delivered: deliveredTotal.in(t.i.metrics).Load()}
	t.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out) //nolint:errcheck // the reader left
}

// handler answers what queues and streams are asked.
func (t *intake) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /messages", t.i.counted(t.accept))
	mux.HandleFunc("GET /writes", t.readBack)
	return mux
}
