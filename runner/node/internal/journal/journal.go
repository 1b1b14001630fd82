// Package journal is a write-ahead log with group commit, and its copies on replicas.
package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
)

var (
	WritesTotal         = host.NewCounter("squall_writes_total", "Writes acknowledged.")
	RepeatedWritesTotal = host.NewCounter("squall_repeated_writes_total",
		"Idempotent writes and messages that were there already, and so acknowledged and not made again.")
	logSyncsTotal = host.NewCounter("squall_log_syncs_total",
		"Syncs of the write-ahead log to disk; writes over syncs is the size of a group commit.")
	logBytesTotal     = host.NewCounter("squall_log_bytes_total", "Bytes appended to the write-ahead log.")
	logTornBytesTotal = host.NewCounter("squall_log_torn_bytes_total",
		"Bytes cut off the end of the log at start: writes that were never acknowledged.")
)

// A journal's file is a header and then records: length of the payload (4 bytes), CRC-32C of time and payload (4
// bytes), time of the commit (8 bytes, ns since 1970), payload.
//
//	"squall journal 2\n" | length crc time payload | length crc time payload | ... | torn tail, cut off at start
//
// A record's position is where it ends in the file: a replica's copy has the same records at the same positions.
const (
	Header       = "squall journal 2\n"
	recordHeader = 16
	maxRecord    = 2 * host.MaxBody
)

// Committed is one record of a journal.
type Committed struct {
	At      int64 // when it was committed, ns since 1970
	End     int64 // its position
	Payload []byte
}

var ErrClosed = errors.New("journal is closed")

// Journal is a write-ahead log with group commit: append returns when the record is on disk, and
// all records that wait while one sync is under way share the next. What was acknowledged
// survives a kill -9 and a power cut; what was not may or may not be there after one. The journal
// is never compacted: a run ends before that pays.
type Journal struct {
	file    journalFile
	deliver func(Committed)
	metrics *host.Metrics
	wake    chan struct{} // holds 1: there may be something to commit
	stopped chan struct{}

	mu      sync.Mutex
	pending *Batch
	closed  bool
	broken  error
	// size is where the last durable record ends, tail where the last one that was added will.
	size, tail int64
	grew       chan struct{} // closed when size grows or the journal ends; nil: nobody waits for that
}

// journalFile is what a journal needs of its File once it is read.
type journalFile interface {
	io.Writer
	Sync() error
	Close() error
}

var _ journalFile = host.File(nil)

// gatherer is a file of virtual time, where all records of one instant are one batch: which of them a commit found would follow from nothing,
// as it begins at the instant at which they come.
type gatherer interface {
	// Gather waits for the end of the instant.
	Gather()
}

// Batch is the records of one commit.
type Batch struct {
	base  int64 // where it begins in the file
	bytes []byte
	ends  []int // where each record ends in bytes
	Done  chan struct{}
	Err   error
}

// openJournal is openJournalOn a folder.
func openJournal(data, name string, m *host.Metrics, apply func(payload []byte)) (*Journal, error) {
	return Open(host.Folder(data), name, m, apply)
}

// Open replays the disk's journal into apply, in order, cuts off a torn tail, and is ready
// for more. apply is called for each appended record too, by one goroutine, before append returns.
func Open(disk host.Disk, name string, m *host.Metrics, apply func(payload []byte)) (*Journal, error) {
	return OpenFor(disk, name, m, func(r Committed) { apply(r.Payload) })
}

// OpenFor is openJournalOn for who wants to know when and where each record was committed.
func OpenFor(disk host.Disk, name string, m *host.Metrics, deliver func(Committed)) (*Journal, error) {
	file, err := disk.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	size, torn, err := recoverFile(file, deliver)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open journal %q: %w", name, err)
	}
	logTornBytesTotal.In(m).Add(torn)
	return startAt(size, file, m, deliver), nil
}

func start(file journalFile, m *host.Metrics, apply func([]byte)) *Journal {
	return startAt(int64(len(Header)), file, m, func(r Committed) { apply(r.Payload) })
}

func startAt(size int64, file journalFile, m *host.Metrics, deliver func(Committed)) *Journal {
	j := &Journal{
		file: file, deliver: deliver, metrics: m, size: size, tail: size,
		wake: make(chan struct{}, 1), stopped: make(chan struct{}), pending: newBatch(size),
	}
	go j.run()
	return j
}

// Append makes a record durable and applied.
func (j *Journal) Append(payload []byte) error {
	b, err := j.Begin(payload)
	if err != nil {
		return err
	}
	return b.Wait()
}

// Begin puts a record behind those before it. It is durable and applied when the batch that it is in is done.
func (j *Journal) Begin(payload []byte) (*Batch, error) {
	if len(payload) == 0 || len(payload) > maxRecord {
		return nil, fmt.Errorf("append record of %d bytes: between 1 and %d are allowed", len(payload), maxRecord)
	}
	return j.add(func(b *Batch) { b.add(payload) })
}

// add puts records into the batch that is committed next, and does not wait for that.
func (j *Journal) add(put func(*Batch)) (*Batch, error) {
	j.mu.Lock()
	if j.closed || j.broken != nil {
		err := j.broken
		j.mu.Unlock()
		return nil, errors.Join(ErrClosed, err)
	}
	b := j.pending
	put(b)
	j.tail = b.base + int64(len(b.bytes))
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return b, nil
}

// Wait returns when the batch is on disk and applied, or has failed.
func (b *Batch) Wait() error {
	<-b.Done
	return b.Err
}

// End is the position of the batch's last record, once it is done.
func (b *Batch) End() int64 { return b.base + int64(len(b.bytes)) }

// run commits batches until the journal is closed and nothing is pending.
func (j *Journal) run() {
	defer close(j.stopped)
	all, _ := j.file.(gatherer)
	for {
		if all != nil && j.isPending() {
			all.Gather()
		}
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

func (j *Journal) isPending() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.pending.ends) > 0
}

// take is what is pending, nil if nothing is.
func (j *Journal) take() (b *Batch, closed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending.ends) > 0 {
		b, j.pending = j.pending, newBatch(j.tail)
	}
	return b, j.closed
}

// commit writes a batch and syncs it, then applies its records, then lets its appenders go. After
// one error the journal takes no more: what a failed sync left on disk cannot be known.
func (j *Journal) commit(b *Batch) {
	defer close(b.Done)
	if b.Err = j.broken; b.Err != nil { // only this goroutine writes broken
		return
	}
	_, err := j.file.Write(b.bytes)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		b.Err = fmt.Errorf("commit to journal: %w", err)
		j.mu.Lock()
		j.broken = b.Err
		j.tell()
		j.mu.Unlock()
		return
	}
	logSyncsTotal.In(j.metrics).Add(1)
	logBytesTotal.In(j.metrics).Add(int64(len(b.bytes)))
	j.mu.Lock()
	j.size = b.base + int64(len(b.bytes))
	j.tell()
	j.mu.Unlock()
	start := 0
	for _, end := range b.ends {
		j.deliver(Committed{
			At:      int64(binary.LittleEndian.Uint64(b.bytes[start+8:])),
			End:     b.base + int64(end),
			Payload: b.bytes[start+recordHeader : end],
		})
		start = end
	}
}

// tell wakes who waits for the journal to grow. j.mu is held.
func (j *Journal) tell() {
	if j.grew != nil {
		close(j.grew)
		j.grew = nil
	}
}

// Close commits what is pending and closes the file. It may be called twice.
func (j *Journal) Close() error {
	j.mu.Lock()
	again := j.closed
	j.closed = true
	j.tell()
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

func newBatch(base int64) *Batch { return &Batch{base: base, Done: make(chan struct{})} }

// add puts one record in, committed now.
func (b *Batch) add(payload []byte) {
	start := len(b.bytes)
	b.bytes = binary.LittleEndian.AppendUint32(b.bytes, uint32(len(payload)))
	b.bytes = append(b.bytes, 0, 0, 0, 0)
	b.bytes = binary.LittleEndian.AppendUint64(b.bytes, uint64(time.Now().UnixNano()))
	b.bytes = append(b.bytes, payload...)
	binary.LittleEndian.PutUint32(b.bytes[start+4:], checksum(b.bytes[start+8:]))
	b.ends = append(b.ends, len(b.bytes))
}

func checksum(timeAndPayload []byte) uint32 {
	return crc32.Checksum(timeAndPayload, crc32.MakeTable(crc32.Castagnoli)) // the table is made once, by crc32
}
