package apiserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// Change is what has become of an object.
type Change string

const (
	// Added is of objects that are new, and at first of all.
	Added Change = "ADDED"
	// Modified is of objects that were there, and are told again after a gap though they may be as they were.
	Modified Change = "MODIFIED"
	// Deleted is of objects as they were when they were last seen.
	Deleted Change = "DELETED"
	// Synced is of none: all that there is has been told. It comes once at the beginning, and after each gap.
	Synced Change = "SYNCED"
)

// Event is one change.
type Event[T any] struct {
	Change Change
	Object T
}

const (
	// watchTime is how long one connection to watch over is kept; the next one goes on from there.
	watchTime = 5 * time.Minute
	// watchGrace is how much longer the server may take to end it than it was asked to.
	watchGrace = 30 * time.Second
	// longestEvent is how long one object may be.
	longestEvent = 8 << 20
)

// Watch tells what there is of objects that a query chooses, and then what becomes of them, until ctx ends or who reads it has enough.
// It goes on over the ends of connections, an API server that is away, and gaps that the server has no memory of: what has gone in one is
// told as Deleted. An error is the last that comes; that ctx has ended is none.
func Watch[T any](ctx context.Context, c *Client, r Resource, q Query) iter.Seq2[Event[T], error] {
	return func(yield func(Event[T], error) bool) {
		w := watch[T]{client: c, resource: r, query: q, yield: yield, known: map[string]json.RawMessage{}}
		for ctx.Err() == nil {
			if w.version == "" {
				if err := w.list(ctx); err != nil {
					w.fail(ctx, err)
					return
				}
			}
			err := w.follow(ctx)
			switch {
			case w.enough:
				return
			case errors.Is(err, ErrGone):
				w.version = ""
			case err != nil:
				w.fail(ctx, err)
				return
			}
		}
	}
}

// watch is one of them.
type watch[T any] struct {
	client   *Client
	resource Resource
	query    Query
	yield    func(Event[T], error) bool
	enough   bool
	// version is from where to go on; empty: from what there is.
	version string
	// known are the objects that have been told, by their ids.
	known map[string]json.RawMessage
	// barren counts connections in a row that told nothing.
	barren int
}

func (w *watch[T]) fail(ctx context.Context, err error) {
	if ctx.Err() == nil && !w.enough {
		w.yield(Event[T]{}, err)
	}
}

// tell tells one change; false: who reads it has enough, or it can't be read.
func (w *watch[T]) tell(change Change, object json.RawMessage) error {
	e := Event[T]{Change: change}
	if object != nil {
		if err := json.Unmarshal(object, &e.Object); err != nil {
			return fmt.Errorf("watch %s: %w", w.told(), err)
		}
	}
	if !w.yield(e, nil) {
		w.enough = true
		return errEnough
	}
	return nil
}

var errEnough = errors.New("who watches has enough")

func (w *watch[T]) told() string { return w.resource.told(w.client.Namespace, "") }

// list tells all that there is, against what was known.
func (w *watch[T]) list(ctx context.Context) error {
	all, version, err := listed[json.RawMessage](ctx, w.client, w.resource, w.query)
	if err != nil {
		return err
	}
	now := make(map[string]json.RawMessage, len(all))
	for _, object := range all {
		id, _, err := identify(object)
		if err != nil {
			return err
		}
		now[id] = object
	}
	for id, object := range w.known {
		if _, there := now[id]; !there {
			if err := w.tell(Deleted, object); err != nil {
				return err
			}
		}
	}
	for _, object := range all { // in the server's order
		id, _, err := identify(object)
		if err != nil {
			return err
		}
		change := Added
		if _, was := w.known[id]; was {
			change = Modified
		}
		if err := w.tell(change, object); err != nil {
			return err
		}
	}
	w.known, w.version = now, version
	return w.tell(Synced, nil)
}

// identify reads which object it is, and which state of it.
func identify(object json.RawMessage) (id, version string, err error) {
	var o kinds.Object
	if err := json.Unmarshal(object, &o); err != nil {
		return "", "", fmt.Errorf("read an object: %w", err)
	}
	return o.Metadata.UID, o.Metadata.ResourceVersion, nil
}

// follow tells changes over one connection, until that ends: nil, or ErrGone where there is a gap.
func (w *watch[T]) follow(ctx context.Context) error {
	values := w.query.values()
	values.Set("watch", "true")
	values.Set("allowWatchBookmarks", "true")
	values.Set("resourceVersion", w.version)
	values.Set("timeoutSeconds", strconv.Itoa(int(watchTime.Seconds())))
	ctx, cancel := context.WithTimeout(ctx, watchTime+watchGrace)
	defer cancel()
	body, err := w.client.make(ctx, call{
		method: http.MethodGet, path: w.resource.path(w.client.Namespace, "", ""), query: values, what: "watch " + w.told(), stream: true,
	})
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 64<<10), longestEvent)
	any := false
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		any = true
		if err := w.heard(lines.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("watch %s: an object has more than %d bytes", w.told(), longestEvent)
	}
	// The connection has ended, by agreement or not: the next one goes on. One after the other that tells nothing is no busy loop.
	w.barren++
	if any {
		w.barren = 0
	}
	if w.barren > 1 {
		select {
		case <-ctx.Done():
		case <-time.After(backoff(w.barren)):
		}
	}
	return nil
}

// heard takes one line of what the server tells.
func (w *watch[T]) heard(line []byte) error {
	var e struct {
		Type   string          `json:"type"`
		Object json.RawMessage `json:"object"`
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return nil // the line was cut: the next connection tells it anew
	}
	if e.Type == "ERROR" {
		var s StatusError
		if err := json.Unmarshal(e.Object, &s); err != nil {
			return fmt.Errorf("watch %s: %w", w.told(), err)
		}
		if s.Code == http.StatusInternalServerError || s.Code == http.StatusTooManyRequests || s.Code == http.StatusServiceUnavailable || s.Code == http.StatusGatewayTimeout {
			return ErrGone // it has lost the place: what there is says more than an error
		}
		return fmt.Errorf("watch %s: %w", w.told(), &s)
	}
	id, version, err := identify(e.Object)
	if err != nil {
		return err
	}
	if version != "" {
		w.version = version
	}
	change := Change(e.Type)
	switch change {
	case Added, Modified:
		w.known[id] = e.Object
	case Deleted:
		delete(w.known, id)
	default:
		return nil // a bookmark: only the place
	}
	return w.tell(change, e.Object)
}
