package scenarios

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
