package compare

import (
	"fmt"
	"math"
	"strings"
)

// Sentence is what a person can quote: what users feel most of the second design, and what it costs or saves most; "" where nothing differs.
func (c *Comparison) Sentence() string {
	var felt, cost *Row
	for i := range c.Rows {
		r := &c.Rows[i]
		if r.Change != Worse && r.Change != Improved || r.Unit == YesNo {
			continue
		}
		into := &felt
		if strings.HasPrefix(r.Name, costs) {
			into = &cost
		}
		dearer := into == &cost && *into != nil && r.Change == Worse && (*into).Change == Improved
		cheaper := into == &cost && *into != nil && r.Change == Improved && (*into).Change == Worse // what it costs is told before what it saves
		if *into == nil || dearer || !cheaper && r.weight() > (*into).weight() {
			*into = r
		}
	}
	if felt == nil && cost == nil {
		return ""
	}
	said := c.B.name() + ":"
	if felt != nil {
		said += fmt.Sprintf(" %s %s (95 %% CI%s", felt.Unit.Signed(felt.By), felt.Name, strings.Replace(span(felt.Unit.Signed(felt.Low), felt.Unit.Signed(felt.High)), "(", "", 1))
	}
	if cost != nil {
		word := "costs"
		if cost.Change == Improved {
			word = "saves"
		}
		if felt != nil {
			said += ","
		}
		said += fmt.Sprintf(" %s %s %s (%s)", word, cost.Unit.Spell(math.Abs(cost.By)), strings.TrimPrefix(cost.Name, costs), cost.Unit.Signed(cost.By))
	}
	return said
}

// weight orders what differs for a sentence: shares of requests that users lost or got first, then the rest by how much of itself it is.
func (r *Row) weight() float64 {
	switch {
	case strings.HasPrefix(r.Name, "success"):
		return 1e6 * math.Abs(r.By)
	case r.A == 0:
		return 1
	}
	return math.Abs(r.By / r.A)
}
