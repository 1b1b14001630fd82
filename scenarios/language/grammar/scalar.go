package grammar

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

var durationType = reflect.TypeFor[time.Duration]()

// scalar fills a text, number, bool, duration or anything with a unit.
func (d *Decoder) scalar(v *source.Value, into reflect.Value, f field) {
	if v.Kind != source.Scalar {
		d.Problem(v, fmt.Sprintf("%s needs %s, not %s", f.key, spelled(f, into.Type()), v.What()), "")
		return
	}
	switch {
	case into.Type() == durationType:
		d.duration(v, into, f)
	case f.unit != "":
		d.measure(v, into, f)
	case into.Kind() == reflect.String:
		d.word(v, into, f)
	case into.Kind() == reflect.Bool:
		if v.Tag != source.TagBool {
			d.wrong(v, into, f, "write true or false")
			return
		}
		into.SetBool(strings.EqualFold(v.Text, "true"))
	case into.Kind() == reflect.Float64:
		n, ok := source.ParseNumber(strings.ReplaceAll(v.Text, "_", ""))
		if !ok || v.Tag != source.TagNumber && v.Tag != source.TagFloat {
			d.wrong(v, into, f, "")
			return
		}
		if d.inRange(v, f, n) {
			into.SetFloat(n)
		}
	default:
		d.whole(v, into, f)
	}
}

func (d *Decoder) wrong(v *source.Value, into reflect.Value, f field, fix string) {
	d.Problem(v, fmt.Sprintf("%s needs %s, not %s", f.key, spelled(f, into.Type()), v.What()), fix)
}

func (d *Decoder) whole(v *source.Value, into reflect.Value, f field) {
	if into.Kind() == reflect.Uint64 {
		n, err := strconv.ParseUint(v.Text, 0, 64)
		if err != nil || v.Tag != source.TagNumber {
			d.wrong(v, into, f, "")
			return
		}
		if d.inRange(v, f, float64(n)) {
			into.SetUint(n)
		}
		return
	}
	n, ok := source.ParseInt(v.Text)
	if !ok || v.Tag != source.TagNumber {
		d.wrong(v, into, f, "")
		return
	}
	if n > math.MaxInt32 {
		d.Problem(v, fmt.Sprintf("%s is %d, more than %d", f.key, n, math.MaxInt32), "use less")
		return
	}
	if d.inRange(v, f, float64(n)) {
		into.SetInt(n)
	}
}

func (d *Decoder) duration(v *source.Value, into reflect.Value, f field) {
	t, ok := source.ParseDuration(v.Text)
	if !ok {
		fix := ""
		if _, number := source.ParseNumber(v.Text); number {
			fix = fmt.Sprintf("give it a unit, as in %ss or %sms", source.Shorten(v.Text), source.Shorten(v.Text))
		}
		d.wrong(v, into, f, fix)
		return
	}
	if f.max == "" && (t > longest || t < -longest) {
		d.Problem(v, fmt.Sprintf("%s is %s, more than a year", f.key, source.Shorten(v.Text)), "use less")
		return
	}
	if d.inRange(v, f, float64(t)) {
		into.SetInt(int64(t))
	}
}

// measure reads a rate, share, size or bandwidth.
func (d *Decoder) measure(v *source.Value, into reflect.Value, f field) {
	var n float64
	var ok bool
	switch f.unit {
	case source.UnitRate:
		n, ok = source.ParseRate(v.Text)
	case source.UnitShare:
		n, ok = source.ParseShare(v.Text)
	case source.UnitBandwidth:
		n, ok = source.ParseBandwidth(v.Text)
	case source.UnitSize:
		var size int64
		if size, ok = source.ParseSize(v.Text); ok && d.inRange(v, f, float64(size)) {
			into.SetInt(size)
			return
		}
		n = float64(size)
	}
	if !ok {
		d.wrong(v, into, f, unitFix(v.Text, f.unit))
		return
	}
	if f.unit == source.UnitShare && n > 1 {
		d.Problem(v, fmt.Sprintf("%s is %s, more than the whole", f.key, source.Shorten(v.Text)), percentFix(v.Text))
		return
	}
	if f.unit != source.UnitSize && d.inRange(v, f, n) {
		into.SetFloat(n)
	}
}

// percentFix is for a number that was meant as a percentage.
func percentFix(text string) string {
	if n, ok := source.ParseNumber(text); ok && n > 1 && n <= 100 {
		return "write " + strings.TrimSpace(text) + "%"
	}
	return "use 100% at most"
}

// unitFix is the right spelling of a number without its unit.
func unitFix(text, unit string) string {
	text = strings.TrimSpace(text)
	if _, ok := source.ParseNumber(text); !ok {
		if _, size := source.ParseSize(text); size && unit == source.UnitBandwidth {
			return "write " + text + "/s"
		}
		return ""
	}
	switch unit {
	case source.UnitRate:
		return "write " + text + "/s"
	case source.UnitSize:
		return "write " + text + "MB or " + text + "B"
	case source.UnitBandwidth:
		return "write " + text + "MB/s or " + text + "B/s"
	}
	return ""
}

// inRange refuses negative numbers, and zero where the field says so.
func (d *Decoder) inRange(v *source.Value, f field, n float64) bool {
	fix := "use more, or leave it out"
	if f.need {
		fix = "use more"
	}
	switch {
	case f.sign == "any":
		return d.withinBounds(v, f, n)
	case f.min != "" && n < bound(f.min): // the clearer of two reasons
		return d.withinBounds(v, f, n)
	case n < 0:
		d.Problem(v, fmt.Sprintf("%s is %s, less than zero", f.key, source.Shorten(v.Text)), fix)
		return false
	case n == 0 && f.why != "":
		d.Problem(v, fmt.Sprintf("%s is zero: %s", f.key, f.why), fix)
		return false
	case n == 0 && f.sign == "positive":
		d.Problem(v, f.key+" is zero", fix)
		return false
	}
	return d.withinBounds(v, f, n)
}

// word reads a text, one of a few where the field says so.
func (d *Decoder) word(v *source.Value, into reflect.Value, f field) {
	if v.Tag != source.TagText && !v.TakenAsText() {
		d.wrong(v, into, f, fmt.Sprintf("write it in quotes: %q", source.Shorten(v.Text)))
		return
	}
	if len(f.enum) > 0 && !slices.Contains(f.enum, v.Text) {
		d.Problem(v, fmt.Sprintf("%s can't be %s", f.key, source.QuoteShort(v.Text)), source.DidYouMean(v.Text, f.enum, "use one of"))
		return
	}
	into.SetString(v.Text)
}

// spelled says what a field wants, in words.
func spelled(f field, t reflect.Type) string {
	switch {
	case f.unit != "":
		return source.Example(f.unit)
	case t == durationType:
		return source.Example(source.UnitDuration)
	case t.Kind() == reflect.String && len(f.enum) > 0:
		return "one of " + strings.Join(f.enum, ", ")
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// hint is a value that would do, for fixes.
func hint(f field) string {
	t := pointed(f.typ)
	switch {
	case len(f.enum) > 0:
		return f.enum[0]
	case f.unit == source.UnitRate:
		return "200/s"
	case f.unit == source.UnitShare:
		return "5%"
	case f.unit == source.UnitSize:
		return "64MB"
	case f.unit == source.UnitBandwidth:
		return "1MB/s"
	case t == durationType:
		return "250ms"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Pointer && t.Elem() != reflect.TypeFor[*scenarios.Phase]():
		return "{...}" // a mapping of names
	case t.Kind() == reflect.Slice:
		return "[...]"
	case t.Kind() == reflect.Struct:
		return "{...}"
	case t.Kind() == reflect.Int:
		return "1"
	default:
		return "..."
	}
}

// pointed is what a type points to in the end.
func pointed(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
