package host

import (
	"context"
	"slices"
	"sync"

	"github.com/squallhq/squall/faults"
)

// asks are what the instance is asked to do once, by faults that are on. The zero value is asked nothing.
type asks struct {
	mu    sync.Mutex
	on    []faults.Ask
	carry carries
}

// carries does what is asked. It is called with the asks that were not on before, and returns when what is done at once
// has been done.
type carries = func(ctx context.Context, fresh []faults.Ask) error

// OnAsked has f called whenever the asks change. It is set while the role is built.
func (a *asks) OnAsked(f carries) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.carry = f
}

// OnFlush has copies taken away when a flush is asked for.
func (a *asks) OnFlush(purge func(softly bool)) {
	a.OnAsked(func(_ context.Context, fresh []faults.Ask) error {
		for _, one := range fresh {
			if one.Flush != "" {
				purge(one.Flush == faults.FlushSoft)
			}
		}
		return nil
	})
}

// Set makes these the asks that are on. One that was on before is not done again; one that is no longer on is withdrawn.
// On an error none of the new ones is on.
func (a *asks) Set(ctx context.Context, to []faults.Ask) error {
	a.mu.Lock()
	was, carry := a.on, a.carry
	a.on = to
	a.mu.Unlock()
	if carry == nil {
		return nil
	}
	fresh := slices.DeleteFunc(slices.Clone(to), func(one faults.Ask) bool { return slices.Contains(was, one) })
	err := carry(ctx, fresh)
	if err != nil {
		a.mu.Lock()
		a.on = was
		a.mu.Unlock()
	}
	return err
}

// Replay is the replay that was asked for last and is still on, the zero value if there is none.
func (a *asks) Replay() faults.Replay {
	a.mu.Lock()
	defer a.mu.Unlock()
	var last faults.Replay
	for _, one := range a.on {
		if one.Replay != (faults.Replay{}) {
			last = one.Replay
		}
	}
	return last
}
