package process

import (
	"context"
	"time"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/family"
	"github.com/squallhq/squall/runner/wire"
)

// instance is one incarnation of a node: a child with the addresses that it has told.
type instance struct {
	*child
	addresses wire.Addresses
}

var (
	_ engine.Process = (*instance)(nil)
	_ engine.Pauser  = (*instance)(nil)
	_ engine.Meter   = (*instance)(nil)
	_ engine.Logged  = (*instance)(nil)
)

// Addresses are on this machine's loopback.
func (i *instance) Addresses() wire.Addresses { return i.addresses }

// CPU is the kernel's count, in ticks of 10 ms.
func (i *instance) CPU(context.Context) (time.Duration, bool) {
	return family.CPUTime(i.cmd.Process.Pid), true
}
