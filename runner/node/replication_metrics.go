package node

import (
	"sync/atomic"
	"time"
)

// replication are the metrics of primaries, replicas and those who read from them.
type replication struct {
	replicasConnected              atomic.Int64
	streamedRecords, streamedBytes atomic.Int64
	readOnly                       atomic.Int64
	staleReads, primaryReads       atomic.Int64
	syncTime                       atomic.Int64 // ns
	// replicaFresh is the clock of the primary (ns since 1970) up to which everything is applied, 0 in who is no replica;
	// replicaDelay is how old that was when it was (ns).
	replicaFresh, replicaDelay atomic.Int64
}

// replicationLag is how long ago what a replica shows was true, in seconds. A primary speaks every keepalive: only
// when it has not for two of them does the time since count.
func (m *replication) replicationLag() float64 {
	fresh := m.replicaFresh.Load()
	if fresh == 0 {
		return 0
	}
	silent := time.Since(time.Unix(0, fresh)) - 2*keepalive
	return max(silent, time.Duration(m.replicaDelay.Load())).Seconds()
}

// streamed counts records that went over a stream.
func (m *replication) streamed(records []byte) {
	m.streamedRecords.Add(recordsIn(records))
	m.streamedBytes.Add(int64(len(records)))
}
