package scenarios

import "regexp"

// Placeholder is where a parameter stands in a text of a request: {name}, or {table.column}.
var Placeholder = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)?)\}`)

// MaxParams is how many different parameters a request may have that are drawn.
const MaxParams = 8

// Param draws values 1..Of (as decimal text): exactly one of the three shapes.
type Param struct {
	// Zipf with this exponent: value k is drawn in proportion to 1/k^s.
	Zipf float64 `yaml:"zipf" sign:"positive" json:"zipf,omitempty"`
	// Each value equally often.
	Uniform bool `yaml:"uniform" json:"uniform,omitempty"`
	// 1, 2, 3, ... and from the start again after of.
	Sequence bool `yaml:"sequence" json:"sequence,omitempty"`
	// How many values. Default 1000; a sequence's default is unbounded.
	Of int `yaml:"of" min:"1" json:"of,omitempty"`
}
