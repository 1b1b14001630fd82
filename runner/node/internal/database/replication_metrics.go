package database

import (
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
)

var (
	replicationLagSeconds = host.NewGauge("squall_replication_lag_seconds",
		"Replica: how old what it shows is, at most: the age of its last record when that was applied, "+
			"or of the last word from the primary that there is no newer one.")
	streamedRecordsTotal = host.NewCounter("squall_streamed_records_total",
		"Records of the write-ahead log sent to replicas, or taken from the primary.")
	streamedBytesTotal = host.NewCounter("squall_streamed_bytes_total", "Bytes of these.")
)

// freshness is how far what a replica shows is behind its primary. The zero value is that of who is no replica.
type freshness struct {
	// at is the clock of the primary (ns since 1970) up to which everything is applied, 0 in who is no replica;
	// delay is how old that was when it was (ns).
	at, delay atomic.Int64
}

// shows notes that everything up to a moment of the primary's clock is applied.
func (f *freshness) shows(at int64) {
	f.at.Store(at)
	f.delay.Store(time.Now().UnixNano() - at)
}

// leads notes that this is no replica any more.
func (f *freshness) leads() {
	f.at.Store(0)
	f.delay.Store(0)
}

// lag is how long ago what a replica shows was true, in seconds. A primary speaks every keepalive: only
// when it has not for two of them does the time since count.
func (f *freshness) lag() float64 {
	at := f.at.Load()
	if at == 0 {
		return 0
	}
	silent := time.Since(time.Unix(0, at)) - 2*keepalive
	return max(silent, time.Duration(f.delay.Load())).Seconds()
}

// countStreamed counts records that went over a stream.
func countStreamed(m *host.Metrics, records []byte) {
	streamedRecordsTotal.In(m).Add(journal.RecordsIn(records))
	streamedBytesTotal.In(m).Add(int64(len(records)))
}
