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
	// Cannot says why no engine can carry it out; empty: some can.
	Cannot string
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
	latencyEntry,
	bandwidthEntry,
	slicerEntry,
	blackholeEntry,
	halfOpenEntry,
	timeoutEntry,
	resetEntry,
	refuseEntry,
	freezeEntry,
	acceptCloseEntry,
	slowAcceptEntry,
	slowCloseEntry,
	limitDataEntry,
	connectionLimitEntry,
	dnsEntry,
	partitionEntry,
	outageEntry,
	crashEntry,
	machineLossEntry,
	machineDrainEntry,
	pauseEntry,
	cpuEntry,
	memoryEntry,
	fullDiskEntry,
	certificateEntry,
	slowDiskEntry,
	clockSkewEntry,
	flushEntry,
	replayEntry,
	stopEntry,
	scaleEntry,
	promoteEntry,
	changeEntry,
	rolloutEntry,
	errorsEntry,
	slowEntry,
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
