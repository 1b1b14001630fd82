package topology

// lint warns of what looks like a mistake.
func (b *builder) lint() {}
