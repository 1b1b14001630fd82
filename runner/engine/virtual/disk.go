package virtual

import (
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node"
)

// disk is an instance's disk in memory; it outlives the instance's lives. A write is in the file at once and durable
// when it was synced.
//
// Each life mounts it anew. A life that was killed can't touch it any more, and what it had not synced is gone: as
// after a power cut, which is harder than kill -9, after which an operating system still has what was written.
type disk struct {
	mu    sync.Mutex
	files map[string]*contents
	// mount numbers mounts; handles of older ones are dead.
	mount int
	// sync is how long making writes durable takes.
	sync time.Duration
	// moment waits for one, of a file, at which nothing else happens. nil: it does not wait.
	moment func(file string)
}

// contents is a file: its first durable bytes are synced.
type contents struct {
	data    []byte
	durable int
}

// mounted is a disk in one life.
type mounted struct {
	disk   *disk
	number int
}

var _ node.Disk = mounted{}

// remount cuts off every older life, takes what they had not synced away, and is the disk for the next one.
func (d *disk) remount() mounted {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mount++
	for _, c := range d.files {
		c.data = c.data[:c.durable]
	}
	return mounted{d, d.mount}
}

// Open opens a file, and makes it if need be.
func (m mounted) Open(name string) (node.File, error) {
	d := m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if m.number != d.mount {
		return nil, errCutOff
	}
	if d.files == nil {
		d.files = make(map[string]*contents)
	}
	if d.files[name] == nil {
		d.files[name] = &contents{}
	}
	return &file{mounted: m, name: name, contents: d.files[name]}, nil
}

// errCutOff is what a killed life's own disk tells it.
var errCutOff = errors.New("the process was killed")

// file is an open file. Only its own goroutine uses it.
type file struct {
	mounted
	name     string
	contents *contents
	at       int
	closed   bool
}

var _ node.File = (*file)(nil)

// hold takes the disk's lock, unless this life is over or the file closed.
func (f *file) hold() error {
	f.disk.mu.Lock()
	switch {
	case f.number != f.disk.mount:
		f.disk.mu.Unlock()
		return errCutOff
	case f.closed:
		f.disk.mu.Unlock()
		return fs.ErrClosed
	}
	return nil
}

func (f *file) Read(p []byte) (int, error) {
	if err := f.hold(); err != nil {
		return 0, err
	}
	defer f.disk.mu.Unlock()
	if f.at >= len(f.contents.data) {
		return 0, io.EOF
	}
	n := copy(p, f.contents.data[f.at:])
	f.at += n
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	if err := f.hold(); err != nil {
		return 0, err
	}
	defer f.disk.mu.Unlock()
	c := f.contents
	c.durable = min(c.durable, f.at) // what is overwritten is not durable any more
	if f.at > len(c.data) {
		c.data = append(c.data, make([]byte, f.at-len(c.data))...)
	}
	over := copy(c.data[f.at:], p)
	c.data = append(c.data, p[over:]...)
	f.at += len(p)
	return len(p), nil
}

func (f *file) Seek(offset int64, whence int) (int64, error) {
	if err := f.hold(); err != nil {
		return 0, err
	}
	defer f.disk.mu.Unlock()
	base := map[int]int{io.SeekStart: 0, io.SeekCurrent: f.at, io.SeekEnd: len(f.contents.data)}[whence]
	if int64(base)+offset < 0 {
		return 0, fs.ErrInvalid
	}
	f.at = base + int(offset)
	return int64(f.at), nil
}

func (f *file) Truncate(size int64) error {
	if err := f.hold(); err != nil {
		return err
	}
	defer f.disk.mu.Unlock()
	if size < 0 || size > int64(len(f.contents.data)) {
		return fs.ErrInvalid // no journal makes itself longer
	}
	f.contents.data = f.contents.data[:size]
	f.contents.durable = min(f.contents.durable, int(size))
	return nil
}

// Gather is over when all that goes on at this instant has, so that what is to be written by then is written together.
func (f *file) Gather() {
	if f.disk.moment != nil {
		f.disk.moment(f.name)
	}
}

// Sync makes everything written durable.
func (f *file) Sync() error {
	if f.disk.sync > 0 {
		time.Sleep(f.disk.sync)
	}
	if err := f.hold(); err != nil {
		return err
	}
	defer f.disk.mu.Unlock()
	f.contents.durable = len(f.contents.data)
	return nil
}

func (f *file) Close() error {
	if err := f.hold(); err != nil {
		return err
	}
	defer f.disk.mu.Unlock()
	f.closed = true
	return nil
}
