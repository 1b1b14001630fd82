package findings

import (
	"github.com/squallhq/squall/runner/record"
)

// option is a pattern that may help, and whether it could do so here: it fits what was found, and the design does not have it.
type option struct {
	pattern string
	fits    bool
}

// mostRemedies is how many patterns a finding names at most.
const mostRemedies = 4

// try are the first options that fit, as the library has them.
func try(options ...option) []record.Remedy {
	out := []record.Remedy{}
	for _, o := range options {
		if o.fits && len(out) < mostRemedies {
			out = append(out, record.Remedy{Pattern: o.pattern, About: library[o.pattern], Example: "examples/patterns/" + o.pattern + ".yaml"})
		}
	}
	return out
}
