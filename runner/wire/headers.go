// Package wire is what the parts of a run say to each other across a connection, declared once: the headers of a user
// request, a node's admin API, the routes that requests are matched by, the login of a database, and the Network that
// all of it goes over. It imports nothing of ours, so that nodes, engines, load and the language can all agree on it.
package wire

// The headers by which the load generator and the nodes understand each other about one user request.
const (
	// HeaderRequest is a user request's id; nodes hand it on, it seeds chance and names writes.
	HeaderRequest = "Squall-Request"
	// HeaderLoad is the load's name.
	HeaderLoad = "Squall-Load"
	// HeaderPriority is high or low; absent is high. Nodes hand it on.
	HeaderPriority = "Squall-Priority"
	// HeaderTenant is whose request it is; absent is the load's name. Nodes hand it on.
	HeaderTenant = "Squall-Tenant"
	// HeaderDegraded says in words why an answer is degraded; absent on whole answers. Handed up by callers.
	HeaderDegraded = "Squall-Degraded"
	// HeaderWrote lists acknowledged writes as DATABASE/ID, comma separated. Handed up by callers.
	HeaderWrote = "Squall-Wrote"
	// HeaderFailover names the node that gave an answer in another one's place. Handed up by callers.
	HeaderFailover = "Squall-Failover"
	// HeaderPosition lists, as DATABASE=POSITION, comma separated, up to where a user has written: an answer says it of
	// what it wrote, the user's next request says it again. Handed up by callers, and handed on.
	HeaderPosition = "Squall-Position"
	// HeaderStale names the replicas that showed a user less than what the user had written. Handed up by callers.
	HeaderStale = "Squall-Stale"
	// HeaderRedirect says of a redirect (3xx) that the scenario wants it; absent on one that a server came up with.
	HeaderRedirect = "Squall-Redirect"
	// HeaderCache is hit, miss or stale, from a cdn.
	HeaderCache = "Squall-Cache"
	// HeaderRetried is 1 when this call, or one further up that led to it, is a retry.
	HeaderRetried = "Squall-Retried"
	// HeaderDeadline is how much time a call has left, in milliseconds, from callers that hand deadlines on.
	HeaderDeadline = "Squall-Deadline"
	// HeaderTied asks a service to say (103 Early Hints) when a worker begins.
	HeaderTied = "Squall-Tied"
	// HeaderAttempt counts a call's attempts from 1.
	HeaderAttempt = "Squall-Attempt"
	// HeaderCause places a call in the tree of calls of its user request, as POSITION-DRAW in hex: a retry
	// has the position of the first attempt (so it names the same writes) but draws chance anew.
	HeaderCause = "Squall-Cause"
	// HeaderWrite is the id that a message to a queue or stream is to have, and the one that a delivered message has.
	HeaderWrite = "Squall-Write"
	// HeaderMessageKey is what a message is about, escaped as a part of a path is; a stream keeps the messages of one key in order.
	HeaderMessageKey = "Squall-Message-Key"
	// HeaderWait is how long who pops waits for a message, as in 500ms; absent is not at all.
	HeaderWait = "Squall-Wait"
	// HeaderReceipt is what a popped message is acknowledged with; absent on one that needs none.
	HeaderReceipt = "Squall-Receipt"
	// HeaderReceived asks a service past its endpoints which messages it has got from brokers that keep none.
	HeaderReceived = "Squall-Received"
	// HeaderIdempotency is a message's idempotency key: a queue takes one message for each. The name is that of the IETF's draft.
	HeaderIdempotency = "Idempotency-Key"
	// HeaderKey is the API key of a gateway's client.
	HeaderKey = "X-Api-Key"
)
