package node

import "net/http"

// A callee's replica that is to end is withdrawn first, as by a registry: this instance chooses others, and ends what it
// has begun there.

// withdraw takes a callee's instance out of this one's choice, or puts it back.
func (i *instance) withdraw(instance string, out bool) {
	for _, u := range i.upstreams {
		for _, r := range u.replicas {
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

func (i *instance) putWithdrawn(w http.ResponseWriter, r *http.Request) {
	i.withdraw(r.PathValue("instance"), true)
	w.WriteHeader(http.StatusNoContent)
}

func (i *instance) deleteWithdrawn(w http.ResponseWriter, r *http.Request) {
	i.withdraw(r.PathValue("instance"), false)
	w.WriteHeader(http.StatusNoContent)
}
