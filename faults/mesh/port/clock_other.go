//go:build !linux

package port

import "time"

// Clock would wake directions more precisely than the runtime's timers do; here there is none.
type Clock struct{}

func NewClock() *Clock { return nil }

func (*Clock) At(time.Time, chan struct{}) {}
func (*Clock) Run()                        {}
func (*Clock) Close()                      {}
