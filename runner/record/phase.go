package record

// Phase is one phase's figures.
type Phase struct {
	// Name as the scenario has it.
	Name string `json:"name"`
	// StartS counts from the start of the first phase.
	StartS float64 `json:"start_s"`
	// EndS is when the phase ended.
	EndS float64 `json:"end_s"`
	// PlannedStartS is when it was planned to begin, in a run whose phases somebody has held, ended or left out; start_s is when it did.
	PlannedStartS *float64 `json:"planned_start_s,omitempty" since:"2026-11-30"`
	// PlannedEndS is when it was planned to end.
	PlannedEndS *float64 `json:"planned_end_s,omitempty" since:"2026-11-30"`
	// Requests are the figures of each kind of request that was due in it, by load and request.
	Requests []Request `json:"requests"`
	// Edges are those that something crossed in this phase.
	Edges []Edge `json:"edges,omitempty" since:"2026-11-25"`
	// Nodes are what the instances counted in this phase. One that did not answer at its begin or its end is absent: unknown.
	Nodes []PhaseNode `json:"nodes,omitempty" since:"2026-11-29"`
}

// PhaseNode is what one instance counted in one phase.
type PhaseNode struct {
	// Instance that counted.
	Instance string `json:"instance"`
	// Counters by their metric names: those whose names end in _total, _count or _sum grew by so much in the phase, all others
	// stood so at its end. What is 0 is left out.
	Counters map[string]float64 `json:"counters"`
}

// Request is one kind of request in one phase: all figures are of the requests intended in it, rate and goodput too.
type Request struct {
	// Load that sends it.
	Load string `json:"load"`
	// Request as the load spells it.
	Request string `json:"request"`
	// Sent counts intended requests whose intended time was in the phase, unsent ones included. ok + degraded + failed = sent, always.
	Sent int64 `json:"sent" unit:"requests"`
	// OK are whole answers with a status below 400.
	OK int64 `json:"ok" unit:"requests"`
	// Degraded are such answers that say that they are second best: a fallback, a stale copy.
	Degraded int64 `json:"degraded" unit:"requests"`
	// Failed is everything else.
	Failed int64 `json:"failed" unit:"requests"`
	// Unsent are those of the failed that the generator could not send.
	Unsent int64 `json:"unsent,omitempty" unit:"requests"`
	// StaleReads are those to which a replica showed less than what their user had written before.
	StaleReads int64 `json:"stale_reads,omitempty" unit:"requests" since:"2026-11-25"`
	// Cut are requests that were intended in this phase too and that a fault of another phase cut: under way when a later one
	// came on, or intended before an earlier one was off. They failed, are charged to that fault, and are in no other figure here
	// but the rate.
	Cut int64 `json:"cut,omitempty" unit:"requests" since:"2026-11-29"`
	// Interrupted are requests that were under way when the run was ended before its time. What would have become of them is unknown: they are
	// in no other figure here.
	Interrupted int64 `json:"interrupted,omitempty" unit:"requests" since:"2026-11-30"`
	// Rate of intended requests, sent and cut.
	Rate float64 `json:"rate" unit:"1/s"`
	// Goodput is the rate of ok and degraded answers.
	Goodput float64 `json:"goodput" unit:"1/s"`
	// LatencyMs is of every request that was sent, failed ones too, from its intended time until its answer was read whole.
	LatencyMs Latency `json:"latency_ms"`
	// AnswerMs is that of answers alone, ok and degraded: what an expectation of latency is about by default. Absent where there were none.
	AnswerMs *Latency `json:"answer_ms,omitempty" since:"2026-11-29"`
	// OKMs is that of whole answers alone. Absent where there were none.
	OKMs *Latency `json:"ok_ms,omitempty" since:"2026-11-29"`
	// FailedMs is that of failed requests alone: a refusal takes no time at all. Absent where none was sent and failed.
	FailedMs *Latency `json:"failed_ms,omitempty" since:"2026-11-29"`
	// ServiceMs is latency_ms from the time at which it was really sent.
	ServiceMs Latency `json:"service_ms"`
	// Errors are the failed by class: refused, reset, dial, dns, tls, timeout, eof, body, unsent, cancelled, other, a status such as 503, what was
	// checked (check: json $.id), or what a server said in place of an answer (sql 23505, redis READONLY, grpc UNAVAILABLE, websocket 1011).
	Errors map[string]int64 `json:"errors" unit:"requests"`
}

// Latency is a distribution. Percentiles are from a histogram of 3 significant digits: at most 0.1 % off.
type Latency struct {
	// Count is how many were timed. Where it is 0 the other figures mean nothing.
	Count int64 `json:"count" unit:"requests" since:"2026-11-29"`
	// Mean of all.
	Mean float64 `json:"mean" unit:"ms"`
	// P50 is the median.
	P50 float64 `json:"p50" unit:"ms"`
	// P90 is the 90th percentile.
	P90 float64 `json:"p90" unit:"ms"`
	// P95 is the 95th percentile.
	P95 float64 `json:"p95" unit:"ms"`
	// P99 is the 99th percentile.
	P99 float64 `json:"p99" unit:"ms"`
	// P999 is the 99.9th percentile.
	P999 float64 `json:"p999" unit:"ms"`
	// Max is the greatest, exact.
	Max float64 `json:"max" unit:"ms"`
}

// Expectation is one line of expect, judged.
type Expectation struct {
	// Text is the line in words.
	Text string `json:"text"`
	// In is the phase that it is about, "" for all of them.
	In string `json:"in"`
	// Of is what it is about: a request, a load, all, or an edge.
	Of string `json:"of"`
	// Measured is what it came to, in words.
	Measured string `json:"measured"`
	// Holds is null where it could not be told.
	Holds *bool `json:"holds"`
	// Why it could not be told.
	Why string `json:"why,omitempty"`
	// Missed are the answers that one of its bounds which did not hold was about and that did not do as it asks: later than a latency, degraded or
	// stale where that is bounded. Those of several bounds are counted once, as of the bound that most missed; what failed is in Request.
	// Absent where it holds, can't be told or is not about single requests.
	Missed []Missed `json:"missed,omitempty" since:"2026-12-01"`
	// Touched are the phases it is about in which something was done beside the plan; absent: none was.
	Touched []string `json:"touched,omitempty" since:"2026-11-30"`
	// Line of the scenario file.
	Line int `json:"line,omitempty"`
	// Column in that line.
	Column int `json:"column,omitempty" since:"2026-11-29"`
}

// Broken tells that it did not hold; one that could not be told did not break.
func (e Expectation) Broken() bool { return e.Holds != nil && !*e.Holds }

// Covers tells whether what an expectation is of covers a request: all (or nothing said), its load's name, or its own.
func Covers(of, load, request string) bool {
	return of == "" || of == "all" || of == request || of == load
}

// Missed is how many answers of one kind of request in one phase did not do as an expectation asks.
type Missed struct {
	// Phase that they were intended in.
	Phase string `json:"phase" since:"2026-12-01"`
	// Load that sent them.
	Load string `json:"load" since:"2026-12-01"`
	// Request as the load spells it.
	Request string `json:"request" since:"2026-12-01"`
	// Answers that did not.
	Answers int64 `json:"answers" unit:"requests" since:"2026-12-01"`
}
