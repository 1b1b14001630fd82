package faults

// Combine is several behaviours at once: errors that strike independently (the last one's status is
// theirs), delays that add up, and factors that multiply. Engines use it where faults overlap on one
// node, so that lifting one leaves exactly the others.
func Combine(behaviours ...*Behaviour) Behaviour {
	var all Behaviour
	for _, b := range behaviours {
		if all.Errors == 0 {
			all.Errors = b.Errors // exactly
		} else {
			all.Errors = 1 - (1-all.Errors)*(1-b.Errors)
		}
		if b.Status != 0 {
			all.Status = b.Status
		}
		if b.Flush != "" {
			all.Flush = b.Flush
		}
		if b.Replay != nil {
			all.Replay = b.Replay
		}
		all.Promote = all.Promote || b.Promote
		all.Slow += b.Slow
		switch {
		case all.Factor == 0:
			all.Factor = b.Factor
		case b.Factor != 0:
			all.Factor *= b.Factor
		}
	}
	return all
}
