package host

import (
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// processTime is the CPU time that this process has used.
func processTime(t *testing.T) time.Duration {
	t.Helper()
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &at); err != nil {
		t.Fatal(err)
	}
	return time.Duration(at.Nano())
}

// Computing uses the CPU time that was asked for, whatever else goes on; the kernel's account is the judge.
func TestMachineComputes(t *testing.T) {
	const each, n = 20 * time.Millisecond, 4
	before, began := processTime(t), time.Now()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { machine{}.Compute(each, nil) })
	}
	wg.Wait()
	used := processTime(t) - before
	if used < n*each || used > 3*n*each {
		t.Errorf("%d computations of %v used %v of CPU time", n, each, used)
	}
	if passed := time.Since(began); passed < each {
		t.Errorf("they were over after %v: one can't use more than one core", passed)
	}
}

// Those that compute at once share the cores: a short one does not wait for long ones to end.
func TestMachineShares(t *testing.T) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { machine{}.Compute(time.Hour, stop) })
	}
	machine{}.Compute(2*time.Millisecond, nil) // it would wait for ever
	began := time.Now()
	close(stop)
	wg.Wait()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("computations that were to stop ended after %v", took)
	}
}
