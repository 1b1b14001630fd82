package record

// TracesFile has the requests that were kept hop by hop, one a line.
const TracesFile = "traces.jsonl"

// Traces say what was kept in traces.jsonl, and what is missing there.
type Traces struct {
	// Kept are the lines of traces.jsonl.
	Kept int `json:"kept" unit:"requests"`
	// Slowest are the slowest answers that are kept of each phase and request of a load, at most.
	Slowest int `json:"slowest" unit:"requests"`
	// Failed are the failures that are kept of each, at most: one of each class of error first, drawn by chance among its like.
	Failed int `json:"failed" unit:"requests"`
	// Dropped were chosen too and are not kept, since a run keeps so many at most.
	Dropped int `json:"dropped,omitempty" unit:"requests"`
	// Incomplete are those of which some instance did not tell all: see Trace.
	Incomplete int `json:"incomplete" unit:"requests"`
	// Unanswered counts by instance how often it was asked for spans and did not answer.
	Unanswered map[string]int `json:"unanswered,omitempty" unit:"questions"`
	// Forgotten are spans that instances never had room for.
	Forgotten int64 `json:"forgotten,omitempty" unit:"spans"`
	// UncertaintyMs is the most by which a hop of them seems to lie outside of the one that led to it, though that one had its answer:
	// instances read the clock of one machine, and a callee notes its end when its caller may have the answer already.
	UncertaintyMs float64 `json:"uncertainty_ms" unit:"ms"`
}

// Trace is a user request hop by hop: one line of traces.jsonl.
type Trace struct {
	// Phase that it counts to.
	Phase string `json:"phase"`
	// Load that sent it.
	Load string `json:"load"`
	// Request as the load spells it.
	Request string `json:"request"`
	// Seq counts the load's requests from 0; Squall-Request is LOAD-SEQ.
	Seq uint64 `json:"seq"`
	// ID of the trace in W3C's traceparent, which images that trace themselves have too.
	ID string `json:"trace"`
	// Chosen is slowest or failed: why it was kept.
	Chosen string `json:"chosen"`
	// Outcome is ok, degraded or failed.
	Outcome Outcome `json:"outcome"`
	// Error is the class of a failure.
	Error string `json:"error,omitempty"`
	// Status that was answered, 0 for none.
	Status int `json:"status,omitempty"`
	// IntendedS is when it was to be sent. All times of its spans count from then.
	IntendedS float64 `json:"intended_s" unit:"s"`
	// SentMs is how late the generator sent it.
	SentMs float64 `json:"sent_ms" unit:"ms"`
	// LatencyMs is until its answer had been read, or it was given up.
	LatencyMs float64 `json:"latency_ms" unit:"ms"`
	// Faults are the names of those that were on meanwhile, on an edge that it crossed or an instance that it met.
	Faults []string `json:"faults,omitempty"`
	// Spans are what was done for it, each behind what led to it.
	Spans []TraceSpan `json:"spans"`
	// Incomplete are the instances that did not answer when they were asked, or had forgotten some of the time: what they did is
	// not all here.
	Incomplete []string `json:"incomplete,omitempty"`
	// LeftOut are spans beyond the bound of one trace.
	LeftOut int `json:"left_out,omitempty" unit:"spans"`
}

// TraceSpan is what one instance did for a request: it answered (server), or made an attempt at another instance (attempt).
type TraceSpan struct {
	// ID counts from 1 within the trace.
	ID int `json:"id"`
	// Parent is the span that led to it; 0: the user's request itself.
	Parent int `json:"parent"`
	// Kind is server or attempt.
	Kind string `json:"kind"`
	// Instance that did it.
	Instance string `json:"instance"`
	// To is the instance that an attempt was made at.
	To string `json:"to,omitempty"`
	// Edge that it went over; of a server span that the user's request led to, the load's.
	Edge string `json:"edge,omitempty"`
	// What was asked for: a method and a path, or what a statement did.
	What string `json:"what,omitempty"`
	// StartMs is its begin.
	StartMs float64 `json:"start_ms" unit:"ms"`
	// WaitedMs is how long it waited first: for a worker, for leave, for a connection; null: it waited to its end.
	WaitedMs *float64 `json:"waited_ms" unit:"ms"`
	// EndMs is its end; null: it had none when its instance was last asked.
	EndMs *float64 `json:"end_ms" unit:"ms"`
	// Class is ok, partial, declined (the callee was well and said no), failed, gave up (who had asked was gone, or another attempt was
	// faster) or refused (a policy did not let the attempt go: it was not sent); "" where it has no end.
	Class string `json:"class,omitempty"`
	// Status that was answered, 0 for none and for statements.
	Status int `json:"status,omitempty"`
	// Why it failed.
	Why string `json:"why,omitempty"`
	// Number counts the attempts of a call from 1.
	Number int `json:"number,omitempty"`
	// Hedge: it was made beside another attempt, which was late.
	Hedge bool `json:"hedge,omitempty"`
	// Aside: nobody waited for all of it: it went on when what had led to it was over, or what led to it is not known.
	Aside bool `json:"aside,omitempty"`
}
