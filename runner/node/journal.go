package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
)

// A journal's file is a header and then records: length (4 bytes), CRC-32C of the payload (4 bytes), payload.
//
//	"squall journal 1\n" | length crc payload | length crc payload | ... | torn tail, cut off at start
const (
	journalHeader = "squall journal 1\n"
	recordHeader  = 8
	maxRecord     = 2 * maxBody
)

var errJournalClosed = errors.New("journal is closed")

// journal is a write-ahead log with group commit: append returns when the record is on disk, and
// all records that wait while one sync is under way share the next. What was acknowledged
// survives a kill -9 and a power cut; what was not may or may not be there after one. The journal
// is never compacted: a run ends before that pays.
type journal struct {
	file    journalFile
	apply   func(payload []byte)
	metrics *metrics
	wake    chan struct{} // holds 1: there may be something to commit
	stopped chan struct{}

	mu      sync.Mutex
	pending *batch
	closed  bool
	broken  error
}

// journalFile is what a journal needs of its File once it is read.
type journalFile interface {
	io.Writer
	Sync() error
	Close() error
}

var _ journalFile = File(nil)

// batch is the records of one commit.
type batch struct {
	bytes []byte
	ends  []int // where each record ends in bytes
	done  chan struct{}
	err   error
}

// openJournal is openJournalOn a folder.
func openJournal(data, name string, m *metrics, apply func(payload []byte)) (*journal, error) {
	return openJournalOn(folder(data), name, m, apply)
}

// openJournalOn replays the disk's journal into apply, in order, cuts off a torn tail, and is ready
// for more. apply is called for each appended record too, by one goroutine, before append returns.
func openJournalOn(disk Disk, name string, m *metrics, apply func(payload []byte)) (*journal, error) {
	file, err := disk.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	torn, err := recoverJournal(file, apply)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open journal %q: %w", name, err)
	}
	m.logTorn.Add(torn)
	return startJournal(file, m, apply), nil
}

func startJournal(file journalFile, m *metrics, apply func([]byte)) *journal {
	j := &journal{
		file: file, apply: apply, metrics: m,
		wake: make(chan struct{}, 1), stopped: make(chan struct{}), pending: newBatch(),
	}
	go j.run()
	return j
}

// append makes a record durable and applied.
func (j *journal) append(payload []byte) error {
	b, err := j.begin(payload)
	if err != nil {
		return err
	}
	return b.wait()
}

// begin puts a record behind those before it. It is durable and applied when the batch that it is in is done.
func (j *journal) begin(payload []byte) (*batch, error) {
	if len(payload) == 0 || len(payload) > maxRecord {
		return nil, fmt.Errorf("append record of %d bytes: between 1 and %d are allowed", len(payload), maxRecord)
	}
	j.mu.Lock()
	if j.closed || j.broken != nil {
		err := j.broken
		j.mu.Unlock()
		return nil, errors.Join(errJournalClosed, err)
	}
	b := j.pending
	b.add(payload)
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return b, nil
}

// wait returns when the batch is on disk and applied, or has failed.
func (b *batch) wait() error {
	<-b.done
	return b.err
}

// run commits batches until the journal is closed and nothing is pending.
func (j *journal) run() {
	defer close(j.stopped)
	for {
		b, closed := j.take()
		switch {
		case b != nil:
			j.commit(b)
		case closed:
			return
		default:
			<-j.wake
		}
	}
}

// take is what is pending, nil if nothing is.
func (j *journal) take() (b *batch, closed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending.ends) > 0 {
		b, j.pending = j.pending, newBatch()
	}
	return b, j.closed
}

// commit writes a batch and syncs it, then applies its records, then lets its appenders go. After
// one error the journal takes no more: what a failed sync left on disk cannot be known.
func (j *journal) commit(b *batch) {
	defer close(b.done)
	if b.err = j.broken; b.err != nil { // only this goroutine writes broken
		return
	}
	_, err := j.file.Write(b.bytes)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		b.err = fmt.Errorf("commit to journal: %w", err)
		j.mu.Lock()
		j.broken = b.err
		j.mu.Unlock()
		return
	}
	j.metrics.logSyncs.Add(1)
	j.metrics.logBytes.Add(int64(len(b.bytes)))
	start := 0
	for _, end := range b.ends {
		j.apply(b.bytes[start+recordHeader : end])
		start = end
	}
}

// close commits what is pending and closes the file. It may be called twice.
func (j *journal) close() error {
	j.mu.Lock()
	again := j.closed
	j.closed = true
	j.mu.Unlock()
	if again {
		<-j.stopped
		return nil
	}
	select {
	case j.wake <- struct{}{}:
	default:
	}
	<-j.stopped
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("close journal: %w", err)
	}
	return nil
}

func newBatch() *batch { return &batch{done: make(chan struct{})} }

func (b *batch) add(payload []byte) {
	b.bytes = binary.LittleEndian.AppendUint32(b.bytes, uint32(len(payload)))
	b.bytes = binary.LittleEndian.AppendUint32(b.bytes, checksum(payload))
	b.bytes = append(b.bytes, payload...)
	b.ends = append(b.ends, len(b.bytes))
}

func checksum(payload []byte) uint32 {
	return crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)) // the table is made once, by crc32
}
