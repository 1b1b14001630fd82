//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd

package keys

import (
	"errors"
	"time"
)

// mode is not to be had on this system.
type mode struct{}

func newMode(int) (*mode, error) { return nil, errors.New("single keys are not read on this system") }

func (m *mode) read([]byte, time.Duration) (int, error) { return 0, nil }

func (m *mode) leave() {}

// Restore has nothing to give back.
func Restore() {}
