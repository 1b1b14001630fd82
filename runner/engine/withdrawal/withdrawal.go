// Package withdrawal tells callers of an instance that it ends and comes back. Every engine shares it.
package withdrawal

import (
	"context"
	"net/http"
	"time"

	"github.com/squallhq/squall/runner/wire"
)

const (
	// lead is the time between telling callers and ending: what they had chosen by then is sent.
	lead = 100 * time.Millisecond
	// DrainGrace bounds how long an instance that is asked to end may take to finish what it has.
	DrainGrace = 10 * time.Second
	// tellTimeout bounds telling one caller; one that can't be told has to find out.
	tellTimeout = time.Second
)

// Teller asks a caller's admin address.
type Teller func(ctx context.Context, method, path string) error

// Notice is of an instance that ends and comes back, which its callers are told as a registry would tell them. Loads are
// told by the run.
type Notice struct {
	Instance string
	Callers  []Teller
}

// Begin tells that it is about to end, and gives them the time to choose another.
func (n Notice) Begin(ctx context.Context) {
	n.tell(ctx, http.MethodPut)
	time.Sleep(lead)
}

// End tells that it is back.
func (n Notice) End(ctx context.Context) { n.tell(ctx, http.MethodDelete) }

func (n Notice) tell(ctx context.Context, method string) {
	for _, caller := range n.Callers {
		bounded, cancel := context.WithTimeout(ctx, tellTimeout)
		_ = caller(bounded, method, wire.AdminWithdrawn+n.Instance)
		cancel()
	}
}
