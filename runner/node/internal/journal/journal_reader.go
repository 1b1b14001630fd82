package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// pieceSize bounds what a journal's reader gives at once, unless one record alone is longer.
const pieceSize = 16 << 10

// Reader reads a journal's durable records, in order and as they are in the file, while more are appended.
type Reader struct {
	journal *Journal
	file    host.File
	At      int64 // the position of the record read last
}

// Reader reads on from a position.
func (j *Journal) Reader(disk host.Disk, name string, from int64) (*Reader, error) {
	if size := j.Durable(); from < int64(len(Header)) || from > size {
		return nil, fmt.Errorf("read journal from %d: it ends at %d", from, size)
	}
	file, err := disk.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("read journal: %w", err), file.Close())
	}
	return &Reader{journal: j, file: file, At: from}, nil
}

func (r *Reader) Close() error { return r.file.Close() }

// Next are whole records, none where there are no more yet.
func (r *Reader) Next() ([]byte, error) {
	left := r.journal.Durable() - r.At
	if left == 0 {
		return nil, nil
	}
	piece := make([]byte, min(left, pieceSize))
	if _, err := io.ReadFull(r.file, piece); err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	whole := 0
	for {
		length := recordLength(piece[whole:])
		if length < 0 || whole+length > len(piece) {
			break
		}
		whole += length
	}
	switch length := recordLength(piece); {
	case whole > 0:
		if _, err := r.file.Seek(int64(whole-len(piece)), io.SeekCurrent); err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		piece = piece[:whole]
	case length > len(piece) && int64(length) <= left:
		rest := make([]byte, length-len(piece))
		if _, err := io.ReadFull(r.file, rest); err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		piece = append(piece, rest...)
	default:
		return nil, fmt.Errorf("read journal: no record begins at %d", r.At)
	}
	r.At += int64(len(piece))
	return piece, nil
}

// recordLength is how long a record is with its header; negative where the header is not whole.
func recordLength(record []byte) int {
	if len(record) < recordHeader {
		return -1
	}
	return recordHeader + int(binary.LittleEndian.Uint32(record))
}

// Durable is the position of the last durable record.
func (j *Journal) Durable() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.size
}

// End is the position of the last record that was put in, durable or not.
func (j *Journal) End() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.tail
}

// Beyond is closed when there is more than up to a position, or there never will be.
func (j *Journal) Beyond(position int64) <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.size > position || j.closed || j.broken != nil {
		now := make(chan struct{})
		close(now)
		return now
	}
	if j.grew == nil {
		j.grew = make(chan struct{})
	}
	return j.grew
}

// Ended tells that a journal takes no more.
func (j *Journal) Ended() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed || j.broken != nil
}

// RecordsIn counts whole records.
func RecordsIn(records []byte) (n int64) {
	for len(records) > 0 {
		records = records[recordLength(records):]
		n++
	}
	return n
}

var errOutOfPlace = errors.New("the records do not go on where the journal ends")

// CopyIn puts another journal's records in where they were there, from a position on, and does not wait for the
// disk. Once they are durable they are delivered as any others are.
func (j *Journal) CopyIn(from int64, records []byte) (*Batch, error) {
	var ends []int
	for at := 0; at < len(records); {
		length := recordLength(records[at:])
		if length <= recordHeader || length > recordHeader+maxRecord || at+length > len(records) {
			return nil, fmt.Errorf("copy records: no whole record at %d", from+int64(at))
		}
		if checksum(records[at+8:at+length]) != binary.LittleEndian.Uint32(records[at+4:]) {
			return nil, fmt.Errorf("copy records: the record at %d is damaged", from+int64(at))
		}
		at += length
		ends = append(ends, at)
	}
	fits := true
	b, err := j.add(func(b *Batch) {
		if fits = b.base+int64(len(b.bytes)) == from; !fits {
			return
		}
		base := len(b.bytes)
		b.bytes = append(b.bytes, records...)
		for _, end := range ends {
			b.ends = append(b.ends, base+end)
		}
	})
	if err == nil && !fits {
		err = errOutOfPlace
	}
	return b, err
}
