package scenarios

import "time"

// Condition is what ends or holds a run while it goes on: bounds on what its users get, all of them kept to in each second for a while.
type Condition struct {
	// The phase in which it is looked at. Default: all of them.
	In string `yaml:"in" json:"in,omitempty"`
	// A request as its load spells it, a load's name, or all (default).
	Of     string  `yaml:"of" json:"of,omitempty"`
	Bounds []Bound `yaml:"-" json:"bounds,omitempty"` // every other key: a metric
	// How long it has to be so, second after second. Default 1s. A second of which nothing is known, as one without an answer has no p99, ends that.
	For time.Duration `yaml:"for" sign:"positive" min:"1s" max:"1h" json:"for,omitempty"`

	// Text is the condition as the file has it, for reports.
	Text string `yaml:"-" json:"text"`
	// Line and Column are where it stands in the scenario file.
	Line   int `yaml:"-" json:"line,omitempty"`
	Column int `yaml:"-" json:"column,omitempty"`
}

// Conditions are one or several; each by itself is enough.
type Conditions []Condition

// Seconds is how many seconds in a row it has to be so.
func (c *Condition) Seconds() int { return max(1, int((c.For+time.Second-1)/time.Second)) }

// placeless are the same conditions wherever they stand.
func (c Conditions) placeless() Conditions {
	out := append(Conditions(nil), c...)
	for i := range out {
		out[i].Line, out[i].Column = 0, 0
	}
	return out
}
