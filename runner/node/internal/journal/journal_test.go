package journal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// slowDisk is a journal file whose sync takes time, and which knows what is synced.
type slowDisk struct {
	mu              sync.Mutex
	written, synced bytes.Buffer
	syncs           int
	takes           time.Duration
	fail            error
}

func (d *slowDisk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written.Write(p)
}

func (d *slowDisk) Sync() error {
	d.mu.Lock()
	upTo := bytes.Clone(d.written.Bytes())
	d.mu.Unlock()
	time.Sleep(d.takes)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncs++
	d.synced.Reset()
	d.synced.Write(upTo)
	return d.fail
}

func (d *slowDisk) Close() error { return nil }

func (d *slowDisk) durable(payload string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Contains(d.synced.Bytes(), []byte(payload))
}

// An append returns after the sync that covers it; those who come during a sync share the next one.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &slowDisk{takes: 10 * time.Millisecond}
		var applied atomic.Int64
		j := start(disk, host.NewMetrics(), func([]byte) { applied.Add(1) })
		began := time.Now()
		var all sync.WaitGroup
		for n := range 100 {
			all.Go(func() {
				time.Sleep(time.Duration(n) * 100 * time.Microsecond) // all within the first sync
				payload := fmt.Sprintf("record %d.", n)
				if err := j.Append([]byte(payload)); err != nil {
					t.Error(err)
				}
				if !disk.durable(payload) {
					t.Errorf("%q was acknowledged before it was durable", payload)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != 20*time.Millisecond || disk.syncs != 2 || applied.Load() != 100 {
			t.Errorf("100 appends took %s, %d syncs, %d applied; want 20ms, 2, 100", took, disk.syncs, applied.Load())
		}
		if err := errors.Join(j.Close(), j.Close()); err != nil {
			t.Error(err)
		}
		if err := j.Append([]byte("late")); !errors.Is(err, ErrClosed) {
			t.Errorf("append after close: %v", err)
		}
	})
}

// instantDisk is one of virtual time: what was appended by the end of an instant is written together.
type instantDisk struct{ *slowDisk }

func (instantDisk) Gather() { time.Sleep(time.Nanosecond) }

// All records of one instant are one batch in virtual time, in however many pieces its goroutines went on: also those that follow within the
// instant from a batch before them.
func TestRecordsOfOneInstantAreOneBatch(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			disk := instantDisk{&slowDisk{}}
			j := start(disk, host.NewMetrics(), func([]byte) {})
			var all sync.WaitGroup
			for n := range 50 {
				all.Go(func() {
					for of := range 3 {
						if err := j.Append(fmt.Appendf(nil, "record %d of %d.", n, of)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			if disk.syncs != 3 {
				t.Errorf("150 appends of three instants took %d syncs", disk.syncs)
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// After a failed sync nothing is acknowledged any more.
func TestFailedSyncEndsTheJournal(t *testing.T) {
	broken := errors.New("disk is broken")
	disk := &slowDisk{fail: broken}
	j := start(disk, host.NewMetrics(), func([]byte) { t.Error("applied") })
	for range 2 {
		if err := j.Append([]byte("x")); !errors.Is(err, broken) {
			t.Errorf("got %v, want the disk's error", err)
		}
	}
	disk.fail = nil
	if err := j.Append([]byte("x")); !errors.Is(err, broken) {
		t.Errorf("once broken: got %v, want the disk's error", err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// However a journal's end is cut off or damaged, the records before it come back and it takes new ones.
func TestTornTail(t *testing.T) {
	folder := t.TempDir()
	records := []string{"first", "second record", "x", "the last of them"}
	j, err := openJournal(folder, "j", host.NewMetrics(), func([]byte) {})
	if err != nil {
		t.Fatal(err)
	}
	ends := []int{len(Header)}
	for _, r := range records {
		if err := j.Append([]byte(r)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, ends[len(ends)-1]+recordHeader+len(r))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(folder, "j"))
	if err != nil {
		t.Fatal(err)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	for length := range len(whole) + 1 {
		kept := 0
		for n, end := range ends {
			if end <= length {
				kept = n
			}
		}
		for name, tail := range map[string][]byte{
			"cut":    nil,
			"zeros":  make([]byte, 50),
			"random": fmt.Appendf(nil, "\xff%x", chance.Uint64()), // no record has this byte
		} {
			if name != "cut" && length < len(Header) {
				continue // such a file was never a journal
			}
			file := append(bytes.Clone(whole[:length]), tail...)
			got := reopen(t, file, "new")
			if diff := cmp.Diff(append(records[:kept:kept], "new"), got); diff != "" {
				t.Fatalf("%s at %d (-want +got):\n%s", name, length, diff)
			}
		}
	}
	for n := len(Header); n < len(whole); n++ { // one bit flipped: what is before it survives
		file := bytes.Clone(whole)
		file[n] ^= 1
		kept := 0
		for i, end := range ends {
			if end <= n {
				kept = i
			}
		}
		// As long as the damaged one, so that what followed that would follow the new one.
		more := strings.Repeat("n", len(records[kept]))
		if diff := cmp.Diff(append(records[:kept:kept], more), reopen(t, file, more)); diff != "" {
			t.Fatalf("bit at %d (-want +got):\n%s", n, diff)
		}
	}
}

// reopen opens a journal of these bytes, appends, and gives what a second opening finds.
func reopen(t *testing.T, file []byte, more string) (got []string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "j"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(folder, "j", host.NewMetrics(), func([]byte) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]byte(more)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, err = openJournal(folder, "j", host.NewMetrics(), func(p []byte) { got = append(got, string(p)) })
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestStrangeFileIsNoJournal(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "j"), []byte("something else entirely"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openJournal(folder, "j", host.NewMetrics(), func([]byte) {}); err == nil {
		t.Error("want an error, not somebody's file overwritten")
	}
	if _, err := openJournal("", "j", host.NewMetrics(), func([]byte) {}); err == nil {
		t.Error("want an error about the missing folder")
	}
}

func TestFields(t *testing.T) {
	b := AppendField(nil, "one")
	b = AppendField(b, "")
	b = AppendField(b, string(make([]byte, 300)))
	one, b := TakeField(b)
	none, b := TakeField(b)
	long, b := TakeField(b)
	if one != "one" || none != "" || len(long) != 300 || len(b) != 0 {
		t.Errorf("got %q %q %d, %d left", one, none, len(long), len(b))
	}
	if got, rest := TakeField([]byte{200, 1, 'x'}); got != "" || rest != nil {
		t.Errorf("broken field: %q %q", got, rest)
	}
}
