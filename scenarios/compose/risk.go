package compose

import (
	"cmp"
	"fmt"
	"slices"
)

// risk is an edge with what makes it the one to try first.
type risk struct {
	*edge
	needs    int // how many parts can't do without its callee, itself among them
	distance int // from where the load comes in
}

// riskiest is the edge whose callee most parts need, the first in this order: how many need it, what it keeps, how near to
// the users the call is. Nil if no call leads on from where the load comes in.
func riskiest(parts, entries []*part) *risk {
	far := distances(entries)
	var all []risk
	for _, one := range parts {
		d, reached := far[one]
		for _, e := range one.calls {
			if reached {
				all = append(all, risk{e, needing(parts, e.to), d})
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	first := slices.MinFunc(all, func(a, b risk) int {
		return cmp.Or(b.needs-a.needs, b.to.image.keeps-a.to.image.keeps, a.distance-b.distance)
	})
	return &first
}

// distances are how many calls it takes to each part that a request may come to.
func distances(entries []*part) map[*part]int {
	far := map[*part]int{}
	next := slices.Clone(entries)
	for _, one := range next {
		far[one] = 0
	}
	for len(next) > 0 {
		one := next[0]
		next = next[1:]
		for _, e := range one.calls {
			if _, seen := far[e.to]; !seen {
				far[e.to] = far[one] + 1
				next = append(next, e.to)
			}
		}
	}
	return far
}

// needing counts the parts from which calls lead to one, itself among them.
func needing(parts []*part, to *part) int {
	n := 0
	for _, one := range parts {
		if _, leads := distances([]*part{one})[to]; leads {
			n++
		}
	}
	return n
}

// why says in words how the edge was chosen.
func (r *risk) why(of int) string {
	keeps := [...]string{"", ", and it keeps what was cached", ", and it keeps messages", ", and it keeps data"}[r.to.image.keeps]
	return fmt.Sprintf("%d of the %d nodes can't do without %s%s; this is the call to it that is nearest to the users", r.needs, of, r.to.node, keeps)
}
