package record

import "time"

// Status is a run at one moment, for whoever shows progress.
type Status struct {
	// State is launching, warming up, running, held, recovering, tearing down or done.
	State   string
	Message string // what is being done, or has just happened; a new line in plain output
	Phase   string
	// Elapsed of Total counts from the start of the first phase.
	Elapsed, Total time.Duration
	// Over the last whole second: Rate of the requests whose outcome came to be known in it, Success a share of them, P99.
	Rate    float64
	Success float64
	P99     time.Duration
	// Answers of that second, which P99 is of.
	Answers int64
	Faults  []string // active ones
	// Look is for whoever shows more than this, and costs nothing where nobody does. It may be called until Watch returns.
	Look func() Scene
}

// Scene is all that is to be seen of a run at one moment.
type Scene struct {
	// Requests of each kind over the last whole second, by load and request.
	Requests []LiveRequest
	// Edges that something crossed between the last two readings of the counters, replicas together.
	Edges []LiveEdge
	// Breakers are how many circuit breakers are open, by the node that they are of.
	Breakers []LiveBreakers
	Queues   []LiveQueue
	Faults   []LiveFault
}

// LiveRequest is one kind of request in one second, in which its outcome came to be known.
type LiveRequest struct {
	Load, Request string
	// Sent counts them all, cut ones too.
	Sent, OK, Degraded, Failed int64
	// P99 of the answers.
	P99 time.Duration
}

// LiveEdge is what crossed the edges between two nodes.
type LiveEdge struct {
	From, To                   string
	Attempts, Failures, GaveUp int64
}

// LiveBreakers are a node's circuit breakers that are open.
type LiveBreakers struct {
	Node string
	Open int
}

// LiveQueue is what waits in a queue or a stream for a node.
type LiveQueue struct {
	From, To string
	Waiting  int64
	Oldest   time.Duration
}

// LiveFault is a fault that is on.
type LiveFault struct {
	Text string
	// Left is how long it is to stay; 0 and less: it is overdue.
	Left time.Duration
	// Stays tells that it is to stay until the end.
	Stays bool
}
