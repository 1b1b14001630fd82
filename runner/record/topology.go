package record

import "strings"

// Edge is what crossed one connection of the topology, over the phases (the warm-up not counted).
type Edge struct {
	// Name of the edge, CALLER-INSTANCE:CALLEE-INSTANCE.
	Name string `json:"name"`
	// From is the node or load that calls.
	From string `json:"from"`
	// To is the node that is called.
	To string `json:"to"`
	// FromInst is the instance that calls.
	FromInst string `json:"from_instance"`
	// ToInst is the instance that is called.
	ToInst string `json:"to_instance"`
	// Attempts as the caller counted them; where the caller is an image, what the mesh saw.
	Attempts int64 `json:"attempts" unit:"attempts"`
	// Retries are those of the attempts that repeat one before.
	Retries int64 `json:"retries" unit:"attempts"`
	// Failures are those of the attempts that failed.
	Failures int64 `json:"failures" unit:"attempts"`
	// GaveUp are those of the attempts that the caller gave up, as its own caller was gone or another attempt was faster. They are
	// neither ok nor failures. Absent where no caller counts.
	GaveUp int64 `json:"gave_up,omitempty" unit:"attempts" since:"2026-11-29"`
	// InFlight is how many more were under way at the end than at the begin: attempts = ok + failures + gave_up + in_flight, always.
	InFlight int64 `json:"in_flight,omitempty" unit:"attempts" since:"2026-11-29"`
	// OK are those that were answered well.
	OK int64 `json:"ok,omitempty" unit:"attempts" since:"2026-11-29"`
	// Amplification is attempts over this edge's node pair per attempt that no retry, there or further up, has caused.
	Amplification float64 `json:"amplification" unit:"factor"`
	// Connections opened.
	Connections int64 `json:"connections" unit:"connections"`
	// Open connections at the end.
	Open int64 `json:"open" unit:"connections"`
	// Requests as the mesh saw them.
	Requests int64 `json:"requests" unit:"requests"`
	// BytesUp from the caller to the callee.
	BytesUp int64 `json:"bytes_up" unit:"bytes"`
	// BytesDown from the callee to the caller.
	BytesDown int64 `json:"bytes_down" unit:"bytes"`
	// FirstByteMs is the mean time from a request's first byte to its answer's.
	FirstByteMs float64 `json:"first_byte_ms"`
	// AnswerMs is how those times are spread: of answers that the callee gave, those included whose caller had left and those that the
	// caller counts as failed, from a histogram whose percentiles and greatest are at most 0.4 % off. Its count can therefore be above
	// ok. Absent where there was none.
	AnswerMs *Latency `json:"answer_ms,omitempty" since:"2026-11-29"`
	// PairAnswerMs is that over all edges of this edge's node pair, for percentiles don't add up.
	PairAnswerMs *Latency `json:"pair_answer_ms,omitempty" since:"2026-11-29"`
	// Delivery is what a queue or a stream delivered over it; absent on all other edges. Where the callee has several instances,
	// each of its edges from one caller instance says the same.
	Delivery *Delivery `json:"delivery,omitempty" since:"2026-11-25"`
}

// Delivery counts what one instance of a queue or a stream delivered to a node, and what it has still to deliver at the end.
type Delivery struct {
	// Delivered messages, late ones too.
	Delivered int64 `json:"delivered" unit:"messages"`
	// Fresh are those that came within the freshness that the scenario gives.
	Fresh int64 `json:"fresh" unit:"messages"`
	// Dead are those given up after their last attempt.
	Dead int64 `json:"dead" unit:"messages"`
	// Expired are those that grew too old to be delivered.
	Expired int64 `json:"expired" unit:"messages"`
	// Backlog is what still waits.
	Backlog int64 `json:"backlog" unit:"messages"`
	// LagS is how long the first of the backlog has waited.
	LagS float64 `json:"lag_s"`
}

// Grows tells a metric of the instance's that only grows: what there is of it is a difference. Others stand at some height.
func (n Node) Grows(series string) bool {
	name, _, _ := strings.Cut(series, "{")
	switch n.Types[name] {
	case "counter":
		return true
	case "gauge":
		return false
	}
	return strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_count") || strings.HasSuffix(name, "_sum")
}

// Node is one instance and what it counted.
type Node struct {
	// Name of the node.
	Name string `json:"name"`
	// Instance of the node.
	Instance string `json:"instance"`
	// Kind of the node: service, gateway, database ...
	Kind string `json:"kind"`
	// Restarts of the instance in the run.
	Restarts int `json:"restarts"`
	// Counters by their metric names: in flight, queue, shed, cache hits, breaker changes ... Of an image those that it tells itself
	// (metrics), with their labels.
	Counters map[string]float64 `json:"counters"`
	// Types are counter or gauge by metric, where an image says other than the ending of its name does: those that are counters grew by so
	// much, here, in the phases and in the series.
	Types map[string]string `json:"types,omitempty" since:"2026-11-30"`
	// LeftOut are metrics that an image tells and that there was no room for, some or all of their series; the last may say how many more.
	LeftOut []string `json:"left_out,omitempty" since:"2026-11-30"`
	// Absent are metrics that were to be kept and that the image has never told.
	Absent []string `json:"absent,omitempty" since:"2026-11-30"`
}
