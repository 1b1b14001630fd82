// Package broker is the queue and the stream: messages on disk, and their deliveries.
package broker

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
	"github.com/squallhq/squall/runner/wire"
)

// recordMessage is the journal's record of a message: id, request, retried (1 or empty), body, key, when it came (ns since 1970).
const recordMessage = 'm'

// message is one accepted message of a queue or a stream.
type message struct {
	number uint64 // its place in the journal, from 1
	since  time.Time
	// entered is when this process had it on disk.
	entered time.Time
	id      string
	key     string // what it is about
	Trace   host.Trace
	body    string
	popped  int // how often somebody took it in this process
}

func (m *message) record() []byte {
	retried := ""
	if m.Trace.Retried {
		retried = "1"
	}
	b := []byte{recordMessage}
	for _, f := range []string{m.id, m.Trace.Request, retried, m.body, m.key, strconv.FormatInt(m.since.UnixNano(), 10)} {
		b = journal.AppendField(b, f)
	}
	return b
}

func readMessage(b []byte) *message {
	m := &message{}
	var retried, since string
	m.id, b = journal.TakeField(b)
	m.Trace.Request, b = journal.TakeField(b)
	retried, b = journal.TakeField(b)
	m.body, b = journal.TakeField(b)
	m.key, b = journal.TakeField(b)
	since, _ = journal.TakeField(b)
	m.Trace.Retried = retried == "1"
	if ns, err := strconv.ParseInt(since, 10, 64); err == nil {
		m.since = time.Unix(0, ns)
	}
	return m
}

// newMessage is a message as it arrives: its id and key are those that its sender names, or come from its request.
func newMessage(h http.Header, c host.Trace, body string) *message {
	m := &message{id: h.Get(wire.HeaderWrite), Trace: c, body: body, since: time.Now()}
	if m.id == "" {
		m.id = c.Request
	}
	key, err := url.PathUnescape(h.Get(wire.HeaderMessageKey))
	if m.key = key; err != nil || key == "" {
		m.key = m.id
	}
	return m
}

// why is what a delivery's chance and its receiver's writes come from: the message. It does not change from one delivery to
// the next, so that a write that carries a key is there once however often the message comes.
func (m *message) why() host.Trace { return m.Trace.Step("message " + m.id) }

func (m *message) reader() io.Reader { return strings.NewReader(m.body) }

// fill puts the message's key and id into a receiver's path.
func (m *message) fill(path string) string {
	if strings.IndexByte(path, '{') < 0 {
		return path
	}
	return strings.NewReplacer("{key}", url.PathEscape(m.key), "{id}", url.PathEscape(m.id)).Replace(path)
}

// age is how long ago it came.
func (m *message) age() time.Duration { return time.Since(m.since) }
