package virtual

import (
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/squallhq/squall/runner/node"
)

func open(t *testing.T, m mounted) node.File {
	t.Helper()
	f, err := m.Open("journal")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func write(f node.File, s string) error { _, err := io.WriteString(f, s); return err }

func TestDiskKeepsWhatWasSynced(t *testing.T) {
	d := &disk{}
	before := open(t, d.remount())
	must(t, write(before, "durable"), before.Sync(), write(before, " and not"))
	again := d.remount()
	if err := write(before, "late"); !errors.Is(err, errCutOff) {
		t.Errorf("a killed life wrote: %v", err)
	}
	if err := before.Sync(); !errors.Is(err, errCutOff) {
		t.Errorf("a killed life synced: %v", err)
	}
	after := open(t, again)
	if got, err := io.ReadAll(after); string(got) != "durable" || err != nil {
		t.Errorf("the next life reads %q, %v", got, err)
	}
	must(t, write(after, "!"), after.Sync(), after.Close())
	if got, _ := io.ReadAll(open(t, d.remount())); string(got) != "durable!" {
		t.Errorf("the one after it reads %q", got)
	}
	if _, err := after.Read(nil); err == nil {
		t.Error("a closed file is read")
	}
}

func TestDiskSeeksAndTruncates(t *testing.T) {
	d := &disk{}
	f := open(t, d.remount())
	must(t, write(f, "0123456789"), f.Sync(), f.Truncate(6))
	if n, err := f.Seek(-2, io.SeekEnd); n != 4 || err != nil {
		t.Errorf("seek: %d, %v", n, err)
	}
	must(t, write(f, "abc"))
	must(t, func() error { _, err := f.Seek(0, io.SeekStart); return err }())
	if got, _ := io.ReadAll(f); string(got) != "0123abc" {
		t.Errorf("read %q", got)
	}
	if got, _ := io.ReadAll(open(t, d.remount())); string(got) != "0123" {
		t.Errorf("what was not synced since it was overwritten: %q, want only what is before it", got)
	}
	g := open(t, d.remount())
	if _, err := g.Seek(-1, io.SeekStart); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("seek before the start: %v", err)
	}
	must(t, g.Close())
	if err := g.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second close: %v", err)
	}
}
