package database

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/squallhq/squall/runner/node/internal/host"
)

var errKilled = errors.New("killed")

// mortalDisk is a disk whose writer is killed: after so many changes nothing is changed any more, and the one before may
// have been made in part.
type mortalDisk struct {
	files map[string]*bytes.Buffer
	left  int // changes; negative: any number
	torn  int // of the last change, how many bytes are made
}

type mortalFile struct {
	data *bytes.Buffer
	disk *mortalDisk
	at   int64
}

func (d *mortalDisk) Open(name string) (host.File, error) {
	if d.files[name] == nil {
		d.files[name] = &bytes.Buffer{}
	}
	return &mortalFile{data: d.files[name], disk: d}, nil
}

// change tells whether one more change is made.
func (d *mortalDisk) change() bool {
	if d.left == 0 {
		return false
	}
	d.left--
	return true
}

func (f *mortalFile) Read(p []byte) (int, error) {
	if f.at >= int64(f.data.Len()) {
		return 0, io.EOF
	}
	n := copy(p, f.data.Bytes()[f.at:])
	f.at += int64(n)
	return n, nil
}

func (f *mortalFile) Write(p []byte) (int, error) {
	if !f.disk.change() {
		p = p[:min(f.disk.torn, len(p))]
		f.disk.torn = 0
		f.put(p)
		return len(p), errKilled
	}
	f.put(p)
	return len(p), nil
}

func (f *mortalFile) put(p []byte) {
	rest := bytes.Clone(f.data.Bytes()[min(f.at+int64(len(p)), int64(f.data.Len())):])
	f.data.Truncate(int(f.at))
	f.data.Write(p)
	f.data.Write(rest)
	f.at += int64(len(p))
}

func (f *mortalFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += int64(f.data.Len())
	}
	f.at = offset
	return f.at, nil
}

func (f *mortalFile) Truncate(size int64) error {
	if !f.disk.change() {
		return errKilled
	}
	f.data.Truncate(int(size))
	return nil
}

func (f *mortalFile) Sync() error {
	if !f.disk.change() {
		return errKilled
	}
	return nil
}

func (f *mortalFile) Close() error { return nil }

// Wherever a kill comes while a database takes another place in a replication, and however much of a write it lets through,
// the next start is what the database was or what it was to become: it never forgets its epoch.
func TestReplicationStateOutlivesAKillAnywhere(t *testing.T) {
	open := func(d *mortalDisk) *replicationState {
		t.Helper()
		s, err := openReplicationState(d, follows)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	became := false
	for left := 0; !became; left++ {
		for torn := range 40 {
			disk := &mortalDisk{files: map[string]*bytes.Buffer{}, left: -1}
			s := open(disk)
			if err := s.becomes(7, leads); err != nil {
				t.Fatal(err)
			}
			disk.left, disk.torn = left, torn
			became = s.becomes(8, deposed) == nil
			s.close() //nolint:errcheck // it was killed
			disk.left = -1

			again := open(disk)
			epoch, as := again.now()
			if before := epoch == 7 && as == leads; became && before || !before && (epoch != 8 || as != deposed) {
				t.Errorf("killed after %d changes and %d bytes: it is epoch %d and %s", left, torn, epoch, as)
			}
			if err := errors.Join(again.becomes(9, leads), again.close()); err != nil {
				t.Error(err)
			}
		}
	}
}
