package check

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
)

// chosen checks what the keys of a choice say together.
func (v *Checker) chosen(c scenarios.Choice, at scenarios.Path) {
	if s := c.Shard; s != nil && (v.valueAt(at.Key("shard", "of")) == nil) == (v.valueAt(at.Key("shard", "cells")) == nil) {
		v.Problem(at.Key("shard"), "a shard needs one of of and cells", "write {of: 2}, or {cells: 4}")
	}
	o := c.Outliers
	if o == nil {
		return
	}
	here := func(key string) scenarios.Path { return at.Key("outliers", key) }
	switch {
	case o.Failures == 0 && o.Slower == 0 && v.valueAt(here("failures")) == nil && v.valueAt(here("slower")) == nil:
		v.Problem(at.Key("outliers"), "outliers does not say what an outlier is", "add failures: 50%, or slower: 3")
	case o.Slower > 0 && o.Slower <= 1:
		v.Problem(here("slower"), fmt.Sprintf("slower is %g: half of all replicas would be slower than that", o.Slower), "use more than 1; 3 is usual")
	case o.Longest > 0 && o.Longest < o.EjectFor:
		v.Problem(here("longest"), fmt.Sprintf("the longest ejection, %s, is shorter than eject_for, %s", o.Longest, o.EjectFor), "use eject_for or more")
	}
}
