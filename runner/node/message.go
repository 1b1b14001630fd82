package node

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/wire"
)

// recordMessage is the journal's record of a message: id, request, retried (1 or empty), body, key, when it came (ns since 1970).
const recordMessage = 'm'

// message is one accepted message of a queue or a stream.
type message struct {
	number uint64 // its place in the journal, from 1
	since  time.Time
	id     string
	key    string // what it is about
	cause  cause
	body   string
}

func (m *message) record() []byte {
	retried := ""
	if m.cause.retried {
		retried = "1"
	}
	b := []byte{recordMessage}
	for _, f := range []string{m.id, m.cause.request, retried, m.body, m.key, strconv.FormatInt(m.since.UnixNano(), 10)} {
		b = appendField(b, f)
	}
	return b
}

func readMessage(b []byte) *message {
	m := &message{}
	var retried, since string
	m.id, b = takeField(b)
	m.cause.request, b = takeField(b)
	retried, b = takeField(b)
	m.body, b = takeField(b)
	m.key, b = takeField(b)
	since, _ = takeField(b)
	m.cause.retried = retried == "1"
	if ns, err := strconv.ParseInt(since, 10, 64); err == nil {
		m.since = time.Unix(0, ns)
	}
	return m
}

// newMessage is a message as it arrives: its id and key are those that its sender names, or come from its request.
func newMessage(h http.Header, c cause, body string) *message {
	m := &message{id: h.Get(wire.HeaderWrite), cause: c, body: body, since: time.Now()}
	if m.id == "" {
		m.id = c.request
	}
	key, err := url.PathUnescape(h.Get(wire.HeaderMessageKey))
	if m.key = key; err != nil || key == "" {
		m.key = m.id
	}
	return m
}

// why is what a delivery's chance and its receiver's writes come from: the message. It does not change from one delivery to
// the next, so that a write that carries a key is there once however often the message comes.
func (m *message) why() cause { return m.cause.step("message " + m.id) }

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
