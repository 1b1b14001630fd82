package scenarios

import (
	"slices"
	"strings"
	"time"
)

// Write marks a request as a write that is accounted for: it has an id of its own, and its load's read_back looks for that at the end.
type Write struct {
	// What a read back shows of the write: a text with {write}, an id that Squall draws for each write, or with parameters of the
	// request. Default "{write}". In the path and the body, {write} is that id too.
	ID string `yaml:"id" json:"id,omitempty"`
	// What the write is about, as in "{item}". Writes of one key have an order: of two of which the second was sent when the
	// first had been acknowledged, the first stands first.
	Key string `yaml:"key" json:"key,omitempty"`
	// Whether the id goes along as Idempotency-Key: sent (default) or none.
	IdempotencyKey string `yaml:"idempotency_key" enum:"sent,none" json:"idempotency_key,omitempty"`
	// How often it is tried again, under the same id and key, when it has failed or its outcome is unknown: within its
	// user's timeout, and not after an answer that says it is wrong (4xx, but for 408 and 429). Default: not at all.
	Retries int `yaml:"retries" min:"1" max:"100" json:"retries,omitempty"`
	// How long before it is tried again. Default 100ms.
	Backoff time.Duration `yaml:"backoff" sign:"positive" json:"backoff,omitempty"`
	// The user's own look at what it wrote, as in {send: "GET /orders/{write}"}, when that has been acknowledged: one that
	// does not show it is a stale read.
	Read *WriteRead `yaml:"read" json:"read,omitempty"`
}

// WriteRead is a user's look at a write of its own.
type WriteRead struct {
	// GET /path, with {write} and the write's own {parameters}. It is a request of the load, by this name.
	Send string `yaml:"send" need:"yes" json:"send"`
	// How long after the acknowledgement. Default at once.
	After time.Duration `yaml:"after" sign:"positive" json:"after,omitempty"`
	// What the answer has in its body when it shows the write, as in "{write}". Default: every answer of 2xx shows it. 404 and 410 never do,
	// and any other failed answer tells nothing.
	Contains string `yaml:"contains" json:"contains,omitempty"`
}

// ReadBack is how the writes of a load are read at the end, past all edges and faults: from one instance of a node, over HTTP, by SQL or by a command of Redis.
type ReadBack struct {
	// The node that lists what is there, over HTTP. With send.
	HTTP string `yaml:"http" json:"http,omitempty"`
	// What lists it, as in "GET /orders?page={page}", with the load's headers and API key. With {page} in it, pages are read from 1 until
	// one has no id.
	Send string `yaml:"send" json:"send,omitempty"`
	// Where the ids are in the answer's JSON, as in $[*].id or $.orders[*].id. An object of names to whole numbers there is ids and how
	// often each is there. Default $[*].
	IDs string `yaml:"ids" json:"ids,omitempty"`
	// The database that has the rows. With query.
	SQL string `yaml:"sql" json:"sql,omitempty"`
	// What selects them, as in SELECT id FROM orders ORDER BY at: an id a row, in its first column.
	Query string `yaml:"query" json:"query,omitempty"`
	// The Redis or Valkey that has the ids. With command.
	Redis string `yaml:"redis" json:"redis,omitempty"`
	// What lists them, as in LRANGE orders 0 -1, SMEMBERS orders, HKEYS orders or KEYS order:*: each text of its answer is an id.
	Command Words `yaml:"command" json:"command,omitempty"`
	// Tells that the ids come in the order in which they were written: then it is counted what was reordered.
	Ordered bool `yaml:"ordered" json:"ordered,omitempty"`
	// How long what was acknowledged may take to be there: it is read again for as long as something is missing. Default 5s.
	Within time.Duration `yaml:"within" sign:"positive" json:"within,omitempty"`
}

// Defaults of writes.
const (
	// DefaultWriteID is the id of a write, which Squall draws.
	DefaultWriteID = "{write}"
	// WriteParameter is its name in texts.
	WriteParameter = "write"
	// PageParameter is the number of a page in what a read back sends.
	PageParameter = "{page}"

	DefaultWriteBackoff = 100 * time.Millisecond
	DefaultIDs          = "$[*]"
	DefaultWithin       = 5 * time.Second
)

// Node is the node that is asked.
func (b *ReadBack) Node() string { return b.HTTP + b.SQL + b.Redis }

// Text says how it is read: GET /orders of api, SELECT id FROM orders in db, SMEMBERS orders in hot.
func (b *ReadBack) Text() string {
	if b.Redis != "" {
		return strings.Join(b.Command, " ") + " in " + b.Redis
	}
	if b.SQL != "" {
		return b.Query + " in " + b.SQL
	}
	return b.Send + " of " + b.HTTP
}

// Writes tells that a request of the load is a write that is accounted for.
func (l *Load) Writes() bool {
	for i := range l.Requests {
		if l.Requests[i].Write != nil {
			return true
		}
	}
	return false
}

// Sends are the names of all requests of a load: of those that it sends, and of the looks at what they wrote.
func (l *Load) Sends() []string {
	var out []string
	for i := range l.Requests {
		out = append(out, l.Requests[i].Send)
		if connects := l.Requests[i].Connects(); connects != "" && !slices.Contains(out, connects) {
			out = append(out, connects)
		}
	}
	for i := range l.Requests {
		if w := l.Requests[i].Write; w != nil && w.Read != nil {
			out = append(out, w.Read.Send)
		}
	}
	return out
}
