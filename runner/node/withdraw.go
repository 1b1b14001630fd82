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

// present appends to room those of from that are there, as far as this instance was told. It is all of from, if none is.
func (u *upstream) present(room, from []*replica) []*replica {
	for _, r := range from {
		if !r.withdrawn.Load() {
			room = append(room, r)
		}
	}
	if len(room) == 0 {
		return from
	}
	return room
}

func (i *instance) putWithdrawn(w http.ResponseWriter, r *http.Request) {
	i.withdraw(r.PathValue("instance"), true)
	w.WriteHeader(http.StatusNoContent)
}

func (i *instance) deleteWithdrawn(w http.ResponseWriter, r *http.Request) {
	i.withdraw(r.PathValue("instance"), false)
	w.WriteHeader(http.StatusNoContent)
}
