package database

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// The messages within a stream of replication, as PostgreSQL's streaming replication protocol has them (chapter
// "Streaming Replication Protocol" of its manual), in CopyData both ways. Positions are a journal's; clocks are ns
// since 1970, where PostgreSQL's are us since 2000.
//
//	w  from, end of the sender's journal, its clock, records
//	k  end of the sender's journal, its clock, 1 where an answer is wanted
//	r  written, flushed and applied position, the receiver's clock, 0
const (
	recordsMessage   = 'w'
	keepaliveMessage = 'k'
	statusMessage    = 'r'
)

// news is a message from a primary: records, or none in a keepalive.
type news struct {
	from, end int64
	clock     int64
	records   []byte
}

func (n *news) encode() *pgproto3.CopyData {
	var b []byte
	if n.records != nil {
		b = append(make([]byte, 0, 25+len(n.records)), recordsMessage)
		b = binary.BigEndian.AppendUint64(b, uint64(n.from))
		b = binary.BigEndian.AppendUint64(b, uint64(n.end))
		b = binary.BigEndian.AppendUint64(b, uint64(n.clock))
		return &pgproto3.CopyData{Data: append(b, n.records...)}
	}
	b = append(b, keepaliveMessage)
	b = binary.BigEndian.AppendUint64(b, uint64(n.end))
	b = binary.BigEndian.AppendUint64(b, uint64(n.clock))
	return &pgproto3.CopyData{Data: append(b, 1)}
}

func decodeNews(b []byte) (news, error) {
	switch {
	case len(b) > 25 && b[0] == recordsMessage:
		return news{from: number(b[1:]), end: number(b[9:]), clock: number(b[17:]), records: b[25:]}, nil
	case len(b) == 18 && b[0] == keepaliveMessage:
		return news{end: number(b[1:]), clock: number(b[9:])}, nil
	}
	return news{}, fmt.Errorf("read stream: a message of %d bytes that is neither records nor a keepalive", len(b))
}

// standbyStatus is how far a replica is.
type standbyStatus struct {
	written, flushed, applied int64
	clock                     int64
}

func (s *standbyStatus) encode() *pgproto3.CopyData {
	b := append(make([]byte, 0, 34), statusMessage)
	for _, n := range []int64{s.written, s.flushed, s.applied, s.clock} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return &pgproto3.CopyData{Data: append(b, 0)}
}

func decodeStatus(b []byte) (standbyStatus, error) {
	if len(b) != 34 || b[0] != statusMessage {
		return standbyStatus{}, fmt.Errorf("read stream: a message of %d bytes that is no status", len(b))
	}
	return standbyStatus{number(b[1:]), number(b[9:]), number(b[17:]), number(b[25:])}, nil
}

func number(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }

// spellPosition is a position as PostgreSQL writes it: two halves in hex.
func spellPosition(p int64) string { return fmt.Sprintf("%X/%X", uint32(p>>32), uint32(p)) }

func readPosition(s string) (int64, error) {
	var high, low uint32
	if n, err := fmt.Sscanf(s, "%X/%X", &high, &low); n != 2 || err != nil {
		return 0, fmt.Errorf("read position %q: it is not as in 0/1A", s)
	}
	return int64(high)<<32 | int64(low), nil
}

// The times of replication.
const (
	// keepalive is how often a primary that has nothing to send says so.
	keepalive = 100 * time.Millisecond
	// silence is how long either side waits for the other's next byte before it takes the connection for dead.
	silence = 10 * time.Second
	// connecting is how long a replica waits for a connection. Each try sends its SYNs anew: a longer one would wait for
	// its next, twice as long each time, when the network is back.
	connecting = 2 * time.Second
	// A replica whose connection broke tries again after reconnectFirst, then after twice as long, up to reconnectMost.
	reconnectFirst = 50 * time.Millisecond
	reconnectMost  = time.Second
)
