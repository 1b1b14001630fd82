package report

import (
	"strconv"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/scenarios/metric"
)

// Spell writes a metric's value with its unit, as short as it can be without hiding a difference that an expectation
// would see: 99.98%, 8.1 ms, 2.54x.
func Spell(m metric.Name, value float64) string {
	switch m.Facts().Unit {
	case metric.Share:
		return percent(value)
	case metric.PerSecond:
		return perSecond(value)
	case metric.Messages:
		return strconv.FormatFloat(value, 'f', 0, 64) + " messages"
	case metric.Factor:
		return strconv.FormatFloat(value, 'f', 2, 64) + "x"
	}
	return milliseconds(value * 1000)
}

// What only passes on to room spell, which the page writes its figures with too.
var (
	percent      = spell.Percent
	perSecond    = spell.PerSecond
	milliseconds = spell.Milliseconds
	count        = spell.Count
	bytesOf      = spell.Bytes
)

// Seconds writes a time to recover: 0.4 s, 12 s.
func Seconds(s float64) string { return spell.Seconds(s) }
