//go:build unix && !linux

package process

// reservation does nothing here: a port whose instance was killed may be taken by another process, and the instance
// then comes back on a new one.
type reservation struct{}

func reserve() (*reservation, string, error) { return &reservation{}, "127.0.0.1:0", nil }

func (*reservation) release() {}
