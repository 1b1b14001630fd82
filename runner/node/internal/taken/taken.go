// Package taken is a message as a service has taken it from a broker, whichever that is.
package taken

import "context"

// Message is one that a request has taken.
type Message struct {
	ID, Key string
	// Again tells that somebody had it before.
	Again bool
	// Settle says that the request has ended well, and the message with it, or that somebody is to have it again. nil: it is
	// nobody's any more but who took it.
	Settle func(ctx context.Context, well bool) error
}
