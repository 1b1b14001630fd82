package scenarios

import (
	"fmt"
	"reflect"
)

// Equal tells whether two scenarios ask for the same run. Where they stand in their files, which
// variant they came from and which variants their files offer does not matter, nor do API keys,
// but for which loads share one.
func (s *Scenario) Equal(o *Scenario) bool {
	if s == nil || o == nil {
		return s == o
	}
	return reflect.DeepEqual(s.Essence(), o.Essence())
}

// Essence is a copy without what Equal ignores.
func (s *Scenario) Essence() *Scenario {
	out := *s
	out.Changes, out.Open, out.Variant, out.Variants, out.Folder = nil, nil, "", nil, ""
	out.Expect = append([]Expectation(nil), s.Expect...)
	for i := range out.Expect {
		out.Expect[i].Line, out.Expect[i].Column = 0, 0
	}
	out.AbortWhen, out.PauseWhen = s.AbortWhen.placeless(), s.PauseWhen.placeless()
	out.Loads = make([]*Load, len(s.Loads))
	keys := map[string]string{"": ""}
	for i, l := range s.Loads {
		copied := *l
		if _, known := keys[l.APIKey]; !known {
			keys[l.APIKey] = fmt.Sprint(len(keys))
		}
		copied.APIKey = keys[l.APIKey]
		out.Loads[i] = &copied
	}
	return &out
}
