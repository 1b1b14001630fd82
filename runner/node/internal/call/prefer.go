package call

// prefer narrows the choice to the replicas that are nearest: what is how near (zone or region).
type prefer struct{ what string }

// newPrefer is nil where it does not matter how near a replica is.
func newPrefer(m *making) policy {
	if m.Prefer == "" || m.Prefer == "none" {
		return nil
	}
	return prefer{m.Prefer}
}

// narrow leaves those that are nearest; not the one not wanted, which has been asked.
func (p prefer) narrow(c *choice) *Replica {
	how := func(r *Replica) int {
		switch {
		case r == c.not:
			return -1
		case r.Near == "":
			return 0
		case r.Near == "zone" && p.what == "zone":
			return 2
		default:
			return 1
		}
	}
	best := 0
	for _, r := range c.from {
		best = max(best, how(r))
	}
	if best > 0 {
		c.keep(func(r *Replica) bool { return how(r) == best })
	}
	return nil
}
