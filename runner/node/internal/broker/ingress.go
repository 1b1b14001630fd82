package broker

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
	"github.com/squallhq/squall/runner/wire"
)

var (
	messagesTotal  = host.NewCounter("squall_messages_total", "Messages accepted.")
	queueFullTotal = host.NewCounter("squall_queue_full_total", "Messages refused (503) because as many waited as may.")
	backlog        = host.NewGauge("squall_backlog", "Messages not yet delivered (to some subscriber).")
)

// ingress takes messages for a queue or a stream: it acknowledges what is on disk, takes one message for each
// idempotency key, and none when as many wait as may.
type ingress struct {
	i         *host.Instance
	journal   *journal.Journal
	KeyedLock admission.KeyedLock // of idempotent messages, by their ids
	most      atomic.Int64        // 0: any number

	mu     sync.Mutex
	counts map[string]int // how often each id was accepted
	coming int64          // let in, and not yet in the journal
}

func newIngress(i *host.Instance) *ingress {
	t := &ingress{i: i, counts: make(map[string]int)}
	t.most.Store(int64(i.Config.Node.Most))
	return t
}

// took counts a message that the journal holds. The backlog has it by then.
func (t *ingress) took(m *message, replaying bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[m.id]++
	if !replaying {
		t.coming--
		messagesTotal.In(t.i.Metrics).Add(1)
	}
}

// accept takes one message, at most 1 MiB long; 202 means that it is on disk.
func (t *ingress) accept(w http.ResponseWriter, r *http.Request, c host.Trace) {
	if status, fails := t.i.InjectedError(c); fails {
		t.i.Refuse(w, status, "injected error")
		return
	}
	if err := t.i.Slow(r.Context()); err != nil {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, host.MaxBody))
	if err != nil {
		t.i.Refuse(w, http.StatusRequestEntityTooLarge, err.Error())
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
		queueFullTotal.In(t.i.Metrics).Add(1)
		w.Header().Set("Retry-After", "1")
		t.i.Refuse(w, http.StatusServiceUnavailable, "as many messages wait as may")
		return
	default:
		if err := t.journal.Append(m.record()); err != nil {
			t.gaveUp()
			t.i.Refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		journal.WritesTotal.In(t.i.Metrics).Add(1)
	}
	w.Header().Set(wire.HeaderWrote, t.i.Config.Node.Name+"/"+m.id)
	w.WriteHeader(http.StatusAccepted)
}

// admit lets one more message in, where there is room for it.
func (t *ingress) admit() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if most := t.most.Load(); most > 0 && backlog.In(t.i.Metrics).Load()+t.coming >= most {
		return false
	}
	t.coming++
	return true
}

// gaveUp takes an admission back.
func (t *ingress) gaveUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.coming--
}

// repeated tells whether a message with an idempotency key is here already. Nobody else takes one of its id until leave.
func (t *ingress) repeated(r *http.Request, id string) (leave func(), there bool, err error) {
	if r.Header.Get(wire.HeaderIdempotency) == "" {
		return func() {}, false, nil
	}
	if leave, err = t.KeyedLock.Acquire(r.Context(), id); err != nil {
		return nil, false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if there = t.counts[id] > 0; there {
		journal.RepeatedWritesTotal.In(t.i.Metrics).Add(1)
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

func (t *ingress) readBack(w http.ResponseWriter, _ *http.Request) {
	t.mu.Lock()
	out := QueueWrites{Writes: maps.Clone(t.counts), Backlog: int(backlog.In(t.i.Metrics).Load()), Delivered: deliveredTotal.In(t.i.Metrics).Load()}
	t.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(out) //nolint:errcheck // the reader left
}

// handler answers what queues and streams are asked, and what more of them do.
func (t *ingress) handler(more ...func(*http.ServeMux)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /messages", t.i.Counted(t.accept))
	mux.HandleFunc("GET /writes", t.readBack)
	for _, add := range more {
		add(mux)
	}
	return t.i.Routed(mux)
}
