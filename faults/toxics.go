package faults

// toxics puts one toxic on each edge and each stream of the direction (down where none is given).
func toxics(t Targets, d Direction, toxic Toxic) []Primitive {
	var streams []string
	switch d {
	case Up:
		streams = []string{Upstream}
	case Both:
		streams = []string{Upstream, Downstream}
	default:
		streams = []string{Downstream}
	}
	out := make([]Primitive, 0, len(t.Edges)*len(streams))
	for _, edge := range t.Edges {
		for _, stream := range streams {
			one := toxic
			one.Stream = stream
			out = append(out, Primitive{Op: OpToxic, Edge: edge, Toxic: &one})
		}
	}
	return out
}

func shareOrAll(share float64) float64 {
	if share == 0 {
		return 1
	}
	return share
}

func perOrRequest(per string) string {
	if per == "" {
		return PerRequest
	}
	return per
}
