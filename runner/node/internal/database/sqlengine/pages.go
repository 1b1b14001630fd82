package sqlengine

import (
	"io"
	"sync"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// pageSize is SQLite's own default.
const pageSize = 4096

// page is one page of the database's file. It is not written to once it is in a slice of pages, but for patches
// of records that come from elsewhere, which nobody has seen then.
type page = *[pageSize]byte

// pages is the database's file, in memory, twice: as its commits have left it (tip), which the one writer sees, and
// as far as they are durable, which readers see. Both are slices of pointers to the same pages but for the few that
// have changed since. So readers wait for no writer, see nothing that a crash could take back, and a commit whose
// record was not written is as if it had not been.
type pages struct {
	mu      sync.Mutex
	tip     []page
	durable []page
	// changed is what the writer has written since its last commit: the pages as they were before, nil for new ones.
	changed map[uint32]page
	// before is how many pages there were then.
	before int
	// commits are those that are not durable yet, oldest first.
	commits []commit
	// scratch is what the reader has made of durable pages for itself, scratched how many pages it sees then.
	scratch   map[uint32]page
	scratched int
	// free are pages that nothing points to any more.
	free []page
}

// commit is what one transaction has made of the file.
type commit struct {
	numbers []uint32
	pages   []page
	count   int // pages in the file
}

// blank is what a page that is not there yet is compared with.
var blank [pageSize]byte

// allocate is a page of any content.
func (p *pages) allocate() page {
	if last := len(p.free) - 1; last >= 0 {
		got := p.free[last]
		p.free = p.free[:last]
		return got
	}
	return new([pageSize]byte)
}

// release takes back a page that nobody points to.
func (p *pages) release(old page) {
	const enough = 64
	if old != nil && len(p.free) < enough {
		p.free = append(p.free, old)
	}
}

// touch is the page that the writer may change; whole: all of it will be written.
func (p *pages) touch(number uint32, whole bool) page {
	for int(number) >= len(p.tip) {
		p.tip = append(p.tip, nil)
	}
	if _, already := p.changed[number]; already {
		return p.tip[number]
	}
	if len(p.changed) == 0 {
		p.before = len(p.tip)
	}
	old := p.tip[number]
	fresh := p.allocate()
	switch {
	case whole:
	case old != nil:
		*fresh = *old
	default:
		*fresh = blank
	}
	p.changed[number], p.tip[number] = old, fresh
	return fresh
}

// settle makes the oldest commit durable, or, where there is none, a record of another instance's.
func (p *pages) settle(record []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.commits) == 0 {
		return p.patch(record)
	}
	c := p.commits[0]
	p.commits = p.commits[1:]
	p.resize(&p.durable, c.count)
	for n, number := range c.numbers {
		old := p.durable[number]
		p.durable[number] = c.pages[n]
		p.release(old)
	}
	return nil
}

func (p *pages) resize(of *[]page, count int) {
	for len(*of) < count {
		*of = append(*of, nil)
	}
	*of = (*of)[:count]
}

// forget undoes what was written since the last commit.
func (p *pages) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for number, old := range p.changed {
		p.release(p.tip[number])
		p.tip[number] = old
	}
	if len(p.changed) > 0 {
		p.resize(&p.tip, p.before)
	}
	clear(p.changed)
}

// cookie is the schema's version in a view: it changes when a table does.
func (p *pages) cookie(view []page) [4]byte {
	const at = 40
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(view) == 0 {
		return [4]byte{}
	}
	return [4]byte(view[0][at : at+4])
}

// scribble is the page that the reader may change for itself.
func (p *pages) scribble(number uint32) page {
	if fresh := p.scratch[number]; fresh != nil {
		return fresh
	}
	fresh := p.allocate()
	*fresh = blank
	if int(number) < len(p.durable) && p.durable[number] != nil {
		*fresh = *p.durable[number]
	}
	p.scratch[number] = fresh
	p.scratched = max(p.scratched, int(number)+1)
	return fresh
}

func (p *pages) dropScratch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, page := range p.scratch {
		p.release(page)
	}
	clear(p.scratch)
	p.scratched = 0
}

// file is the pages as one connection sees them. Its locks are the engine's: one writer at a time holds the one,
// and nothing becomes durable while a reader is at work.
type file struct {
	pages  *pages
	writes bool
}

var _ vfs.File = (*file)(nil)

// page is the one of a number, and whether it is within the file.
func (f *file) page(number int) (page, bool) {
	view := f.pages.tip
	if !f.writes {
		view = f.pages.durable
		if own := f.pages.scratch[uint32(number)]; own != nil {
			return own, true
		}
	}
	if number >= len(view) || view[number] == nil {
		return &blank, number < f.count()
	}
	return view[number], true
}

// count is how many pages the file has.
func (f *file) count() int {
	if f.writes {
		return len(f.pages.tip)
	}
	return max(len(f.pages.durable), f.pages.scratched)
}

// ReadAt reads from one page or from several.
func (f *file) ReadAt(b []byte, offset int64) (read int, err error) {
	f.pages.mu.Lock()
	defer f.pages.mu.Unlock()
	for read < len(b) {
		number, within := int(offset/pageSize), int(offset%pageSize)
		from, there := f.page(number)
		if !there {
			return read, io.EOF
		}
		n := copy(b[read:], from[within:])
		read += n
		offset += int64(n)
	}
	return read, nil
}

// WriteAt writes to one page or to several; what the reader writes nobody else sees.
func (f *file) WriteAt(b []byte, offset int64) (written int, err error) {
	f.pages.mu.Lock()
	defer f.pages.mu.Unlock()
	for written < len(b) {
		number, within := uint32(offset/pageSize), int(offset%pageSize)
		var to page
		if f.writes {
			to = f.pages.touch(number, within == 0 && len(b)-written >= pageSize)
		} else {
			to = f.pages.scribble(number)
		}
		n := copy(to[within:], b[written:])
		written += n
		offset += int64(n)
	}
	return written, nil
}

// Truncate would lose what forget needs, and nothing that is allowed makes a file shorter.
func (f *file) Truncate(size int64) error {
	if now, _ := f.Size(); size != now {
		return sqlite3.IOERR_TRUNCATE
	}
	return nil
}

func (f *file) Size() (int64, error) {
	f.pages.mu.Lock()
	defer f.pages.mu.Unlock()
	return int64(f.count()) * pageSize, nil
}

func (f *file) Close() error                     { return nil }
func (f *file) Sync(vfs.SyncFlag) error          { return nil }
func (f *file) Lock(vfs.LockLevel) error         { return nil }
func (f *file) Unlock(vfs.LockLevel) error       { return nil }
func (f *file) CheckReservedLock() (bool, error) { return false, nil }
func (f *file) SectorSize() int                  { return pageSize }
func (f *file) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_ATOMIC | vfs.IOCAP_SAFE_APPEND | vfs.IOCAP_SEQUENTIAL | vfs.IOCAP_POWERSAFE_OVERWRITE
}

// The pages as SQLite's operating system. It has one file, under two names.
const (
	readerName = "reader"
	writerName = "writer"
)

var _ vfs.VFS = (*pages)(nil)

// Open says OPEN_MEMORY, so that SQLite keeps what it needs for rolling back in memory too.
func (p *pages) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	if flags&vfs.OPEN_MAIN_DB == 0 || name != readerName && name != writerName {
		return nil, flags, sqlite3.CANTOPEN
	}
	return &file{pages: p, writes: name == writerName}, flags | vfs.OPEN_MEMORY, nil
}

func (p *pages) Delete(string, bool) error                   { return sqlite3.IOERR_DELETE_NOENT }
func (p *pages) Access(string, vfs.AccessFlag) (bool, error) { return false, nil }
func (p *pages) FullPathname(name string) (string, error)    { return name, nil }
