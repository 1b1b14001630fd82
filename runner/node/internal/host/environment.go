package host

import (
	"io"
	"os"
	"time"

	"github.com/squallhq/squall/runner/wire"
)

// Environment is what an instance runs on. Real engines give the machine's own; the virtual one models it.
type Environment struct {
	Network wire.Network
	// Disk keeps what outlives the instance. nil: the folder that its Config names.
	Disk Disk
	// CPU is what it computes with. nil: this machine's.
	CPU CPU
	// Wake is told of every moment at which a time that the scenario gives is over, so that the runtime's timers can
	// be made to ring on time (they round up to a ms). nil: they ring as they do.
	Wake func(time.Time)
	// Turn is called by each of several that go on at one instant, counted from 1, where the order among them is to be
	// theirs: it returns at another moment for each. nil: the machine decides.
	Turn func(nth int)
	// After is a timer of what the scenario gives a time. nil: one of the runtime's.
	After func(d time.Duration) (rings <-chan time.Time, stop func())
	// Keep is for what happens by itself after d: the time at which it is to, so that nothing else happens then, and what to call when it
	// has happened, or will not. nil: after d, whatever else happens.
	Keep func(d time.Duration) (at time.Time, free func())
}

// Disk holds an instance's files.
type Disk interface {
	// Open opens a file for reading and writing, and makes it if need be. The file's name is durable then.
	Open(name string) (File, error)
}

// File is what a journal needs of an *os.File. What was written is durable after Sync.
type File interface {
	io.Reader
	io.Writer
	io.Seeker
	Truncate(size int64) error
	Sync() error
	Close() error
}

var _ File = (*os.File)(nil)

// CPU is what an instance computes with: its own cores, or a share of a machine's.
type CPU interface {
	// Compute uses d of CPU time. It takes longer where others compute too; it ends early when stop is closed.
	Compute(d time.Duration, stop <-chan struct{})
	// Await returns when the instance may go on: at once, but where it was stopped, as SIGSTOP does, by
	// somebody who cannot stop goroutines.
	Await()
}
