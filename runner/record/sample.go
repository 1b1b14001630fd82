package record

import "time"

// Outcome of a user's request. Every intended request has exactly one.
type Outcome string

// The outcomes. Unsent requests (the generator could not send them) count as failed with the error class "unsent".
const (
	OK       Outcome = "ok"
	Degraded Outcome = "degraded"
	Failed   Outcome = "failed"
)

// The outcomes as indices, of what is kept by outcome.
const (
	whole = iota
	degraded
	failed
	outcomes
)

var outcomeNames = [outcomes]Outcome{OK, Degraded, Failed}

func outcomeOf(s Sample) int {
	switch s.Outcome {
	case OK:
		return whole
	case Degraded:
		return degraded
	}
	return failed
}

// Sample is one user request. Times count from the start of the first phase; the warm-up is negative.
type Sample struct {
	Load    string
	Request string
	// Intended is when the schedule wanted it sent, Sent when it was, Done when its answer had been read whole.
	Intended, Sent, Done time.Duration
	Outcome              Outcome
	// Error is the class of a failure (see ErrorClass constants), empty otherwise.
	Error  string
	Status int
	// Unsent: the generator gave up before sending it; Sent and Done mean nothing then.
	Unsent bool
	// Wrote are the writes that the answer acknowledged, as DATABASE/ID.
	Wrote []string
	// Stale: a replica showed the user less than what the user had written.
	Stale bool
	// Write is the write that this request was, or looked at, where its load has those accounted for; nil: none.
	Write *SampleWrite
	// Seq is the request's number, by which it is drawn: an open load's are counted from 0 in the order of their intended times; where there are
	// sessions or users it is by whose how manieth request it is, whenever it comes.
	Seq uint64
}

// Latency counts from the intended time, so that a stalled system cannot hide the requests that
// it kept from being sent (no coordinated omission).
func (s Sample) Latency() time.Duration { return s.Done - s.Intended }

// Lag is how late the generator itself sent.
func (s Sample) Lag() time.Duration { return max(s.Sent-s.Intended, 0) }

// The classes of errors. A failed status is its class: "502".
const (
	ErrRefused  = "refused"   // connection refused
	ErrReset    = "reset"     // connection reset
	ErrDNS      = "dns"       // the name could not be looked up
	ErrDial     = "dial"      // any other failure to connect
	ErrTimeout  = "timeout"   // the user gave up waiting
	ErrEOF      = "eof"       // the connection ended before the answer did
	ErrBody     = "body"      // the answer's body broke off
	ErrUnsent   = "unsent"    // the generator could not send it
	ErrCanceled = "cancelled" // the run was interrupted
	ErrTLS      = "tls"       // the TLS handshake failed for what was said in it, as for a certificate
	ErrOther    = "other"
	// ErrSQL, ErrRedis begin the classes of what a database or Redis says in place of an answer, with its own code: "sql 23505",
	// "redis READONLY".
	ErrSQL   = "sql "
	ErrRedis = "redis "
	// ErrGRPC begins the class of a status of gRPC other than OK: "grpc UNAVAILABLE"; "grpc mismatch" is a request that was never sent,
	// since the server has no such method, or another message.
	ErrGRPC = "grpc "
	// ErrWebSocket begins the class of a connection that the server closes, with its code: "websocket 1011".
	ErrWebSocket = "websocket "
	// ErrCheck begins the class of an answer that was not as the scenario wants it: "check: json $.id".
	ErrCheck = "check: "
)
