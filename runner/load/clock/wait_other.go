//go:build !linux

package clock

import "time"

// fineTimer is nothing here: package time has to do.
type fineTimer struct{}

func newFineTimer() *fineTimer             { return nil }
func (t *fineTimer) sleep(d time.Duration) { time.Sleep(d) }
func (t *fineTimer) close()                {}
