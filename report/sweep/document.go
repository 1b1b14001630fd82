package sweep

import "github.com/squallhq/squall/report/answer"

// Document is sweep.json. Its fields are added, never renamed. What is unknown is null.
type Document struct {
	answer.Head
	// Scenario is its name.
	Scenario string `json:"scenario"`
	// Set are the changes to it in every run, PATH=VALUE each.
	Set []string `json:"set"`
	// Seeds are those of the rounds at each value, in their order.
	Seeds []uint64 `json:"seeds"`
	// Axes are the ranges, one or two.
	Axes []Axis `json:"axes"`
	// Curves have a point for each value, or pair of values.
	Curves []CurveOf `json:"curves"`
}

// Axis is a range.
type Axis struct {
	// Path into the scenario.
	Path string `json:"path"`
	// Values as they are written.
	Values []string `json:"values"`
	// Number is each of them as a number: a rate a second, or seconds.
	Number []float64 `json:"numbers"`
}

// CurveOf is a figure over the axes.
type CurveOf struct {
	// Name says what of, and where.
	Name string `json:"name"`
	// Metric that is expected of it.
	Metric string `json:"metric"`
	// Limit is what is expected, by Op: a fraction of 1, a rate a second, or seconds.
	Limit *float64 `json:"limit"`
	// Op is how the figure is held against the limit.
	Op string `json:"op,omitempty"`
	// Points are the figure at each value, or pair of values.
	Points []PointOf `json:"points"`
	// Crossings are where it crosses its limit.
	Crossings []CrossingOf `json:"crossings"`
}

// PointOf is a figure at a value of each axis.
type PointOf struct {
	// At is the value of each axis.
	At []string `json:"at"`
	// Rounds have the figure in the order of the seeds.
	Rounds []*float64 `json:"rounds"`
	// Median of the rounds that know it.
	Median *float64 `json:"median"`
	// Least of them.
	Least *float64 `json:"least"`
	// Most of them.
	Most *float64 `json:"most"`
	// Holds is whether the median keeps to the limit.
	Holds *bool `json:"holds"`
}

// CrossingOf is where a curve crosses its limit along the first axis, between two values.
type CrossingOf struct {
	// Across is the value of the second axis.
	Across string `json:"across,omitempty"`
	// At is the place, between two values.
	At float64 `json:"at" unit:"as the axis"`
	// Of are those two values.
	Of [2]float64 `json:"between"`
	// Rounds are the least and the greatest place where a single round crosses.
	Rounds [2]float64 `json:"rounds"`
	// In is how many rounds cross.
	In int `json:"in_rounds"`
	// Breaks says that what is beyond breaks the limit.
	Breaks bool `json:"breaks"`
}

// Document is a sweep for programs.
func (s *Sweep) Document() *Document {
	a := s.Answer()
	d := &Document{Head: a.Head("sweep"), Scenario: s.Scenario, Set: append([]string{}, s.Set...), Seeds: s.Seeds, Axes: []Axis{s.Along.axis()}, Curves: []CurveOf{}}
	if s.Across != nil {
		d.Axes = append(d.Axes, s.Across.axis())
	}
	for _, c := range s.Curves {
		of := CurveOf{Name: c.Name, Metric: string(c.Metric), Limit: c.Limit, Op: c.Op, Crossings: []CrossingOf{}}
		for j, line := range c.Lines {
			across := ""
			if s.Across != nil {
				across = s.Across.Values[j].Text
			}
			for i, p := range line {
				of.Points = append(of.Points, c.point(p, s.Along.Values[i].Text, across))
			}
			for _, x := range c.Crossings(line, s.Along.Values) {
				of.Crossings = append(of.Crossings, CrossingOf{across, x.At, [2]float64{x.After, x.Before}, [2]float64{x.Low, x.High}, x.In, x.Breaks})
			}
		}
		d.Curves = append(d.Curves, of)
	}
	return d
}

func (r *Range) axis() Axis {
	a := Axis{Path: r.Path}
	for _, v := range r.Values {
		a.Values, a.Number = append(a.Values, v.Text), append(a.Number, v.Number)
	}
	return a
}

func (c *Curve) point(p Point, at, across string) PointOf {
	out := PointOf{At: []string{at}, Rounds: p.Rounds}
	if across != "" {
		out.At = append(out.At, across)
	}
	if middle, least, greatest, in := p.Middle(); in > 0 {
		out.Median, out.Least, out.Most = &middle, &least, &greatest
		if c.Limit != nil {
			holds := c.holds(middle)
			out.Holds = &holds
		}
	}
	return out
}
