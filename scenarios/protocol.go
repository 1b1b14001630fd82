package scenarios

import (
	"strings"

	"github.com/squallhq/squall/scenarios/parts"
)

// Spoken is what a request asks for in another protocol than HTTP: exactly one of its keys is given in place of send, and all requests
// of a load have the same. Its text is the request's name in reports.
type Spoken struct {
	// In place of send: one statement of SQL, as in SELECT n FROM stock WHERE item = {item}, in the words of the database that the load
	// goes to. {parameters} are bound to it, never pasted into it. Checks see the rows as JSON: $[0].n.
	Query string `yaml:"query" json:"query,omitempty"`
	// In place of send: a command of Redis, as in GET cart:{id}: a list, or a text that is split as a shell would. {parameters} are
	// replaced within words. Checks see a text as it is, anything else as JSON, and what is not there as null.
	Command Words `yaml:"command" json:"command,omitempty"`
	// In place of send: a method of gRPC that is asked once and answers once, as in shop.Carts/Get; json is the message.
	GRPC string `yaml:"grpc" json:"grpc,omitempty"`
	// In place of send: a path at which WebSocket is spoken, as in /echo; body or json is the message, and the next one that comes is its
	// answer: without a check it has to be the same (an echo). Connections stay open from one message to the next. Each that is made
	// is a request of its own, connect /echo.
	WebSocket string `yaml:"websocket" json:"websocket,omitempty"`
}

// Protocol is what a load's requests are spoken in.
type Protocol string

// The protocols of loads.
const (
	HTTP      Protocol = "HTTP"
	SQL       Protocol = "SQL"
	Redis     Protocol = "Redis"
	GRPC      Protocol = "gRPC"
	WebSocket Protocol = "WebSocket"
)

// Protocol is what a request is spoken in.
func (s *Spoken) Protocol() Protocol {
	switch {
	case s.Query != "":
		return SQL
	case len(s.Command) > 0:
		return Redis
	case s.GRPC != "":
		return GRPC
	case s.WebSocket != "":
		return WebSocket
	}
	return HTTP
}

// Name is what the request is called, "" for HTTP, where that is what it sends.
func (s *Spoken) Name() string {
	switch s.Protocol() {
	case SQL:
		return strings.Join(strings.Fields(s.Query), " ")
	case Redis:
		words := make([]string, len(s.Command))
		for i, word := range s.Command {
			words[i] = word
			if word == "" || strings.ContainsAny(word, " \t\n\"'") {
				words[i] = "'" + word + "'"
			}
		}
		return strings.Join(words, " ")
	case GRPC:
		return s.GRPC
	case WebSocket:
		return "websocket " + s.WebSocket
	}
	return ""
}

// Connects is what making a connection for the request is called, where that is a request of its own.
func (s *Spoken) Connects() string {
	if s.WebSocket == "" {
		return ""
	}
	return "connect " + s.WebSocket
}

// Protocol is that of the load's requests, HTTP where it has none.
func (l *Load) Protocol() Protocol {
	if len(l.Requests) == 0 {
		return HTTP
	}
	return l.Requests[0].Protocol()
}

// Understands tells whether a node can be spoken to in a protocol, as far as is known of it.
func (n *Node) Understands(p Protocol) bool {
	speaks := n.Speaks()
	sql := speaks == parts.SpeaksPostgres || speaks == parts.SpeaksMySQL
	switch p {
	case SQL:
		return sql || n.Kind == KindDatabase
	case Redis:
		return speaks == parts.SpeaksRedis
	}
	own := sql || speaks == parts.SpeaksRedis || speaks == parts.SpeaksAMQP || speaks == parts.SpeaksKafka || speaks == parts.SpeaksNATS
	switch {
	case n.Kind == KindDatabase || own:
		return false
	case p == HTTP:
		return n.Kind != KindCache
	}
	return !n.BuiltIn()
}
