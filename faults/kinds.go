package faults

// Selection says where a kind's line in a scenario names what it hits.
type Selection int

const (
	// SelectOn: the kind's own key holds its size, `on` the selection: {latency: 800ms, on: orders -> payments}.
	SelectOn Selection = iota
	// SelectValue: the kind's own key holds the selection: {crash: payments}. `on` is not allowed.
	SelectValue
	// SelectBetween: the kind's own key holds a list of two selections: {partition: [orders, payments]}.
	// They become Selector.Edge; the kind's `ways` (both, the default, or one) its Both.
	SelectBetween
)

// Entry is one row of the table of kinds.
type Entry struct {
	// Word is the kind's key in scenarios.
	Word string
	// Zero is the kind without parameters; its type's yaml tags are the keys that go with Word.
	Zero      Kind
	Selection Selection
	Explain   Explanation
}

// Explanation is what `squall explain KIND` says.
type Explanation struct {
	// Summary is one sentence.
	Summary string
	// New and Open are what a client sees on connections made while it is on, and on those open when it begins.
	New, Open string
	// Lifted is what happens when it ends.
	Lifted string
	// Example is a line of a scenario.
	Example string
}

// Kinds is every kind of fault, in the order that help shows them.
var Kinds = []Entry{
	{Word: "latency", Zero: Latency{}, Selection: SelectOn, Explain: Explanation{
		Summary: "Everything that passes arrives later.",
		New:     "connects at once; answers come later by the latency",
		Open:    "answers come later by the latency, from the next byte on",
		Lifted:  "what is held is delivered at once",
		Example: "{latency: 800ms, jitter: 200ms, on: orders -> payments}",
	}},
	{Word: "bandwidth", Zero: Bandwidth{}, Selection: SelectOn, Explain: Explanation{
		Summary: "Bytes pass no faster than so many a second, on each connection.",
		New:     "connects at once; answers come no faster than the rate",
		Open:    "answers come no faster than the rate, from the next byte on; the sender feels back-pressure",
		Lifted:  "what is held is delivered at once, and everything after it at full speed",
		Example: "{bandwidth: 100KB/s, on: catalog -> catalog-db, direction: both}",
	}},
	{Word: "slicer", Zero: Slicer{}, Selection: SelectOn, Explain: Explanation{
		Summary: "What is sent in one piece arrives in small ones, with a pause after each.",
		New:     "connects at once; answers come in small pieces",
		Open:    "answers come in small pieces, from the next byte on; no byte is lost",
		Lifted:  "what is held is delivered at once, in one piece",
		Example: "{slicer: 64B, variation: 16B, delay: 10ms, on: api -> catalog}",
	}},
	{Word: "blackhole", Zero: Blackhole{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Packets vanish and nothing says so, as behind a firewall that drops them.",
		New:     "connect does not return; the caller's own connect timeout ends it (connections: open: they work)",
		Open:    "silence both ways, ends and resets of the other side included; bytes are lost (bytes: kept: held, and the sender feels back-pressure) (connections: new: they work)",
		Lifted:  "connects that still wait go through; connections that lost bytes are reset, others go on (bytes: kept: every byte is delivered, then what ended)",
		Example: "{blackhole: orders -> payments}",
	}},
	{Word: "half_open", Zero: HalfOpen{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Packets of one way vanish; the other way works.",
		New:     "connect does not return, as connecting needs both ways (connections: open: they work)",
		Open:    "one way is silent and its bytes are lost (bytes: kept: held): down, the callee does the work and its answer never comes; up, requests never arrive; the other way passes",
		Lifted:  "connects that still wait go through; connections that lost bytes are reset, others go on (bytes: kept: every byte is delivered, then what ended)",
		Example: "{half_open: orders -> payments, direction: down}",
	}},
	{Word: "timeout", Zero: Timeout{}, Selection: SelectOn, Explain: Explanation{
		Summary: "Data vanishes, and each connection is closed after the given time.",
		New:     "connects at once; answers vanish, and the connection is closed (end of file) the given time after the first byte that vanished",
		Open:    "answers vanish, and the connection is closed (end of file) the given time after the first byte that vanished; an idle one stays",
		Lifted:  "connections that lost bytes are closed at once; others go on",
		Example: "{timeout: 5s, on: orders -> payments}",
	}},
	{Word: "reset", Zero: Reset{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Connections are cut with a reset (RST).",
		New:     "connect succeeds, then a reset (connections: open: they work)",
		Open:    "a reset, at once, on idle ones too (connections: new: they work)",
		Lifted:  "new connections work; reset ones stay dead",
		Example: "{reset: orders -> payments}",
	}},
	{Word: "refuse", Zero: Refuse{}, Selection: SelectValue, Explain: Explanation{
		Summary: "The port is closed, as if the callee did not run.",
		New:     "connection refused, at once (connections: open: they work)",
		Open:    "end of file, at once, on idle ones too (connections: new: they work)",
		Lifted:  "new connections work; ended ones stay dead",
		Example: "{refuse: orders -> payments}",
	}},
	{Word: "freeze", Zero: Freeze{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Everything stops in its place, as with a stopped process whose host still accepts.",
		New:     "connect succeeds, then silence (connections: open: they work)",
		Open:    "silence and back-pressure both ways; nothing is lost, and ends and resets of the other side are held too (connections: new: they work)",
		Lifted:  "every byte is delivered, on connections made meanwhile too, then what ended",
		Example: "{freeze: orders -> payments}",
	}},
	{Word: "accept_close", Zero: AcceptClose{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Connections are accepted and ended at once, as by a proxy whose backend is gone.",
		New:     "connect succeeds, then end of file at once (connections: open: they work)",
		Open:    "end of file, at once, on idle ones too (connections: new: they work)",
		Lifted:  "new connections work; ended ones stay dead",
		Example: "{accept_close: orders -> payments}",
	}},
	{Word: "slow_accept", Zero: SlowAccept{}, Selection: SelectOn, Explain: Explanation{
		Summary: "A new connection waits before anything passes it.",
		New:     "connect succeeds, nothing passes for the given time, then all of it",
		Open:    "as without the fault",
		Lifted:  "new connections work at once; those that wait go on at once, and have lost nothing",
		Example: "{slow_accept: 2s, on: orders -> payments}",
	}},
	{Word: "slow_close", Zero: SlowClose{}, Selection: SelectOn, Explain: Explanation{
		Summary: "The end of a stream arrives later.",
		New:     "connects at once; data passes, the end of file comes later by the given time",
		Open:    "data passes, the end of file comes later by the given time; a reset is not delayed",
		Lifted:  "ends that are held arrive at once",
		Example: "{slow_close: 5s, on: orders -> payments}",
	}},
	{Word: "limit_data", Zero: LimitData{}, Selection: SelectOn, Explain: Explanation{
		Summary: "A connection is closed when so many bytes have passed it: answers break off.",
		New:     "connects at once; end of file right after that many bytes",
		Open:    "end of file right after that many bytes, counted from when the fault began",
		Lifted:  "connections not yet closed go on without a limit",
		Example: "{limit_data: 16KB, on: api -> catalog}",
	}},
	{Word: "partition", Zero: Partition{}, Selection: SelectBetween, Explain: Explanation{
		Summary: "The network between two sets of nodes is cut; inside each set it works.",
		New:     "connect does not return (how: refuse: connection refused, at once)",
		Open:    "silence, ends and resets included, and back-pressure; bytes are held (how: drop: lost; how: refuse: a reset, at once)",
		Lifted:  "connects that still wait go through; every byte is delivered, as TCP sends again, then what ended (how: drop: connections that lost bytes are reset; how: refuse: new connections work)",
		Example: "{partition: [orders, payments], how: hang}",
	}},
	{Word: "outage", Zero: Isolation{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Nodes, a region or a zone are cut off: every connection into and out of them, and between them. They run on.",
		New:     "connect does not return (how: refuse: connection refused, at once; how: reset: connect succeeds, then a reset)",
		Open:    "silence, ends and resets included, and back-pressure; bytes are held (how: drop: lost; how: refuse or reset: a reset, at once)",
		Lifted:  "connects that still wait go through; every byte is delivered, then what ended (how: drop: connections that lost bytes are reset; how: refuse or reset: new connections work)",
		Example: "{outage: {region: eu-west}, how: hang}",
	}},
	{Word: "crash", Zero: Crash{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Instances are killed (kill -9) and started again with the data that they had on disk.",
		New:     "connect to the edge succeeds, then a reset as soon as its own connect to the instance has failed",
		Open:    "end of file or a reset, at once: answers break off",
		Lifted:  "the instance starts again, and connections work as soon as it listens; open ones stay dead",
		Example: "{crash: payments, restart_after: 5s}",
	}},
	{Word: "pause", Zero: Pause{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Instances are stopped where they are (SIGSTOP, a container's pause), as by a long garbage collection.",
		New:     "connect succeeds, as the host accepts, then silence",
		Open:    "silence and back-pressure; nothing is lost",
		Lifted:  "the instance goes on where it was: every request that waits is answered, also those whose caller has given up",
		Example: "{pause: payments-1, for: 3s}",
	}},
	{Word: "cpu", Zero: CPU{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Instances get less CPU: they serve fewer requests, and those wait for their turn (docker and virtual engines).",
		New:     "connects at once; answers come later, the more so the busier the instance is",
		Open:    "answers come later, the more so the busier the instance is",
		Lifted:  "the instance has its own limit again; what has queued up is worked off",
		Example: "{cpu: payments, cores: 0.25}",
	}},
	{Word: "flush", Zero: Flush{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Cdns and caches lose every copy that they keep, as when an operator purges all for one: what is behind them gets 1/(1-h) times the load.",
		New:     "connects at once; every request is a miss until copies are made anew (how: soft: stale copies are served where a rule says so)",
		Open:    "every request is a miss until copies are made anew (how: soft: stale copies are served where a rule says so)",
		Lifted:  "it is a moment (100ms): what is gone stays gone, and comes back as it is asked for",
		Example: "{flush: edge, how: soft}",
	}},
	{Word: "replay", Zero: Replay{}, Selection: SelectValue, Explain: Explanation{
		Summary: "A stream delivers again to one subscriber what it keeps (retain), beside what is new, as an operator does to fill a store anew.",
		New:     "connects at once; the subscriber is asked for the old messages too, as fast as it takes them (rate: so many a second)",
		Open:    "the subscriber is asked for the old messages too, as fast as it takes them (rate: so many a second)",
		Lifted:  "what has not been replayed is not; what has been has come twice",
		Example: "{replay: events, subscriber: search, rate: 50/s}",
	}},
	{Word: "stop", Zero: Stop{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Instances are asked to end (SIGTERM), finish what they have, and are started again at the end, as in a rolling restart.",
		New:     "callers and loads are told first and choose other replicas (discovery: untold: connect succeeds until it is drained, then it is refused)",
		Open:    "requests under way are answered, then end of file; idle connections end at once",
		Lifted:  "the instance starts again with its data; then callers are told that it is back",
		Example: "{stop: payments-1, for: 2s}",
	}},
	{Word: "scale", Zero: Scale{}, Selection: SelectValue, Explain: Explanation{
		Summary: "A node has fewer replicas: those above the number are asked to end (SIGTERM) and finish what they have.",
		New:     "callers and loads are told first and choose those that are left (discovery: untold: a connect to the others is refused)",
		Open:    "requests under way are answered, then end of file",
		Lifted:  "the others start again; then callers are told of them (until: end: they stay away)",
		Example: "{scale: payments, replicas: 1}",
	}},
	{Word: "promote", Zero: Promote{}, Selection: SelectValue, Explain: Explanation{
		Summary: "A replica stops following and takes writes: the operator's answer to the loss of a primary. What had not reached it is lost.",
		New:     "connects at once; writes are taken, where they were refused (25006) before",
		Open:    "writes are taken, where they were refused (25006) before",
		Lifted:  "it is a moment (1s): who was promoted stays the primary, and an old one that it reaches takes no more writes",
		Example: "{promote: catalog-replica-1}",
	}},
	{Word: "change", Zero: Change{}, Selection: SelectValue, Explain: Explanation{
		Summary: "Built-in nodes run with a changed configuration, as after a deploy or a push; what is under way ends with the old one, and no request fails for the change itself.",
		New:     "connects at once; the next request meets the new configuration",
		Open:    "stays open; the request under way ends as it began, the next one meets the new configuration",
		Lifted:  "the next request meets the old configuration (until: end: it stays)",
		Example: "{change: payments, with: {workers: 128}}",
	}},
	{Word: "errors", Zero: Errors{}, Selection: SelectOn, Explain: Explanation{
		Summary: "Built-in nodes answer a part of the requests with an error at once, as after a bad deploy; health checks stay green.",
		New:     "connects at once; the given part of requests is answered with the status, without the work",
		Open:    "the given part of requests is answered with the status, without the work",
		Lifted:  "the next request is answered as ever",
		Example: "{errors: 30%, status: 503, on: payments}",
	}},
	{Word: "slow", Zero: Slow{}, Selection: SelectOn, Explain: Explanation{
		Summary: "Built-in nodes take longer for each answer and keep a worker busy for it: other than under latency, they serve fewer requests.",
		New:     "connects at once; answers take longer, and requests queue when no worker is free",
		Open:    "answers take longer, and requests queue when no worker is free",
		Lifted:  "new requests take as long as ever; those in work end in their own time, the queue is worked off",
		Example: "{slow: 300ms, on: payments}",
	}},
}

// Lookup finds a kind's row by its word.
func Lookup(word string) (Entry, bool) {
	for _, e := range Kinds {
		if e.Word == word {
			return e, true
		}
	}
	return Entry{}, false
}
