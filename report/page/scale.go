package page

import (
	"math"
	"strconv"

	"github.com/squallhq/squall/report/spell"
)

// A plot is 100 high, whatever room it is given, and its width is in seconds: to zoom is to show another part of it.
const plotHeight = 100

// place is a height in a plot, to a tenth.
func place(y float64) string { return strconv.FormatFloat(math.Round(y*10)/10, 'f', -1, 64) }

// tick is a line across a plot and what it says.
type tick struct {
	y    float64
	text string
}

// scale turns a value into a height in the plot.
type scale interface {
	of(value float64) float64
	ticks() []tick
}

// linearScale goes from 0 to a round number that nothing exceeds.
type linearScale struct {
	most float64
	unit func(float64) string
}

func newLinearScale(most float64, unit func(float64) string) linearScale {
	if most <= 0 {
		return linearScale{1, unit}
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, round := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if round*step >= most*(1-1e-9) {
			return linearScale{round * step, unit}
		}
	}
	return linearScale{most, unit}
}

func (s linearScale) of(value float64) float64 {
	return plotHeight * (1 - math.Min(math.Max(value, 0), s.most)/s.most)
}

func (s linearScale) ticks() []tick {
	return []tick{{s.of(s.most), s.unit(s.most)}, {s.of(s.most / 2), s.unit(s.most / 2)}}
}

// logScale is for latencies in ms, between two powers of ten.
type logScale struct{ low, high float64 }

// newLogScale holds all values given; none gives a decade.
func newLogScale(values ...[]float64) logScale {
	least, most := math.Inf(1), 0.0
	for _, list := range values {
		for _, v := range list {
			if !math.IsNaN(v) {
				least, most = math.Min(least, v), math.Max(most, v)
			}
		}
	}
	if most == 0 {
		least, most = 1, 10
	}
	low := math.Floor(math.Log10(math.Max(least, math.Pow(10, leastDecade))))
	high := math.Log10(most * 1.15)
	return logScale{low, math.Max(high, low+1)}
}

func (s logScale) of(ms float64) float64 {
	at := s.low
	if ms > 0 {
		at = math.Log10(ms)
	}
	return plotHeight * (1 - math.Min(math.Max((at-s.low)/(s.high-s.low), 0), 1))
}

func (s logScale) ticks() []tick {
	var all []tick
	for d := s.low; d <= s.high; d++ {
		all = append(all, tick{s.of(math.Pow(10, d)), round(math.Pow(10, d))})
	}
	return all
}

// round writes a power of ten of ms.
func round(ms float64) string {
	if ms >= 1000 {
		return short(ms/1000) + " s"
	}
	return short(ms) + " ms"
}

// Units of axes.
func perSecond(v float64) string { return compact(v) + "/s" }
func plain(v float64) string     { return compact(v) }
func share(v float64) string     { return spell.Percent(v) }

// compact is a number in at most five characters.
func compact(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'f', 1, 64) + "M"
	case v >= 1e4:
		return strconv.FormatFloat(v/1e3, 'f', 0, 64) + "k"
	case v >= 100 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// timeTicks are the moments that the time axis names, at most about ten.
func timeTicks(end float64) []float64 {
	step := 1.0
	for _, s := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600} {
		if step = s; end/s <= 10 {
			break
		}
	}
	var all []float64
	for at := 0.0; at <= end; at += step {
		all = append(all, at)
	}
	return all
}

// clock writes a moment of a run: 8 s, 2:05.
func clock(s, end float64) string {
	if end <= 120 {
		return short(math.Round(s*10)/10) + " s"
	}
	whole := int(s)
	seconds := strconv.Itoa(whole % 60)
	if len(seconds) == 1 {
		seconds = "0" + seconds
	}
	return strconv.Itoa(whole/60) + ":" + seconds
}
