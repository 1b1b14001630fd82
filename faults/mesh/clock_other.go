//go:build !linux

package mesh

import "time"

// clock would wake directions more precisely than the runtime's timers do; here there is none.
type clock struct{}

func newClock() *clock { return nil }

func (*clock) at(time.Time, chan struct{}) {}
func (*clock) run()                        {}
func (*clock) close()                      {}
