package call

import (
	"github.com/squallhq/squall/runner/node/internal/host"
)

// Withdraw takes a callee's instance out of this one's choice, or puts it back. A callee's replica that is to end is withdrawn
// first, as by a registry: this instance chooses others, and ends what it has begun there.
func Withdraw(i *host.Instance, instance string, out bool) {
	for _, u := range CalleesOf(i).of {
		for _, r := range u.Replicas {
			if r.Instance != instance || r.withdrawn.Swap(out) == out {
				continue
			}
			if out {
				u.away.Add(1)
			} else {
				u.away.Add(-1)
			}
		}
	}
}
