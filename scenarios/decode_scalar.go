package scenarios

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

var durationType = reflect.TypeFor[time.Duration]()

// scalar fills a text, number, bool, duration or anything with a unit.
func (d *decoder) scalar(v *value, into reflect.Value, f field) {
	if v.kind != scalar {
		d.problem(v, fmt.Sprintf("%s needs %s, not %s", f.key, spelling(f, into.Type()), v.what()), "")
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
		if v.tag != tagBool {
			d.wrong(v, into, f, "write true or false")
			return
		}
		into.SetBool(strings.EqualFold(v.text, "true"))
	case into.Kind() == reflect.Float64:
		n, ok := parseNumber(strings.ReplaceAll(v.text, "_", ""))
		if !ok || v.tag != tagNumber && v.tag != tagFloat {
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

func (d *decoder) wrong(v *value, into reflect.Value, f field, fix string) {
	d.problem(v, fmt.Sprintf("%s needs %s, not %s", f.key, spelling(f, into.Type()), v.what()), fix)
}

func (d *decoder) whole(v *value, into reflect.Value, f field) {
	if into.Kind() == reflect.Uint64 {
		n, err := strconv.ParseUint(v.text, 0, 64)
		if err != nil || v.tag != tagNumber {
			d.wrong(v, into, f, "")
			return
		}
		into.SetUint(n)
		return
	}
	n, ok := parseInt(v.text)
	if !ok || v.tag != tagNumber {
		d.wrong(v, into, f, "")
		return
	}
	if n > math.MaxInt32 {
		d.problem(v, fmt.Sprintf("%s is %d, more than %d", f.key, n, math.MaxInt32), "use less")
		return
	}
	if least, err := strconv.ParseInt(f.min, 10, 64); err == nil && n < least {
		d.problem(v, fmt.Sprintf("%s is %d", f.key, n), fmt.Sprintf("use %d or more", least))
		return
	}
	if d.inRange(v, f, float64(n)) {
		into.SetInt(n)
	}
}

func (d *decoder) duration(v *value, into reflect.Value, f field) {
	t, ok := parseDuration(v.text)
	if !ok {
		fix := ""
		if _, number := parseNumber(v.text); number {
			fix = fmt.Sprintf("give it a unit, as in %ss or %sms", shorten(v.text), shorten(v.text))
		}
		d.wrong(v, into, f, fix)
		return
	}
	if d.inRange(v, f, float64(t)) {
		into.SetInt(int64(t))
	}
}

// measure reads a rate, share, size or bandwidth.
func (d *decoder) measure(v *value, into reflect.Value, f field) {
	var n float64
	var ok bool
	switch f.unit {
	case unitRate:
		n, ok = parseRate(v.text)
	case unitShare:
		n, ok = parseShare(v.text)
	case unitBandwidth:
		n, ok = parseBandwidth(v.text)
	case unitSize:
		var size int64
		if size, ok = parseSize(v.text); ok && d.inRange(v, f, float64(size)) {
			into.SetInt(size)
			return
		}
		n = float64(size)
	}
	if !ok {
		d.wrong(v, into, f, unitFix(v.text, f.unit))
		return
	}
	if f.unit == unitShare && n > 1 {
		d.problem(v, fmt.Sprintf("%s is %s, more than the whole", f.key, shorten(v.text)), percentFix(v.text))
		return
	}
	if f.unit != unitSize && d.inRange(v, f, n) {
		into.SetFloat(n)
	}
}

// percentFix is for a number that was meant as a percentage.
func percentFix(text string) string {
	if n, ok := parseNumber(text); ok && n > 1 && n <= 100 {
		return "write " + strings.TrimSpace(text) + "%"
	}
	return "use 100% at most"
}

// unitFix is the right spelling of a number without its unit.
func unitFix(text, unit string) string {
	text = strings.TrimSpace(text)
	if _, ok := parseNumber(text); !ok {
		if _, size := parseSize(text); size && unit == unitBandwidth {
			return "write " + text + "/s"
		}
		return ""
	}
	switch unit {
	case unitRate:
		return "write " + text + "/s"
	case unitSize:
		return "write " + text + "MB or " + text + "B"
	case unitBandwidth:
		return "write " + text + "MB/s or " + text + "B/s"
	}
	return ""
}

// inRange refuses negative numbers, and zero where the field says so.
func (d *decoder) inRange(v *value, f field, n float64) bool {
	fix := "use more, or leave it out"
	if f.need {
		fix = "use more"
	}
	switch {
	case f.sign == "any":
		return true
	case n < 0:
		d.problem(v, fmt.Sprintf("%s is %s, less than zero", f.key, shorten(v.text)), fix)
		return false
	case n == 0 && f.sign == "positive":
		d.problem(v, f.key+" is zero", fix)
		return false
	}
	return true
}

// word reads a text, one of a few where the field says so.
func (d *decoder) word(v *value, into reflect.Value, f field) {
	if v.tag != tagText {
		d.wrong(v, into, f, fmt.Sprintf("write it in quotes: %q", shorten(v.text)))
		return
	}
	if len(f.enum) > 0 && !slices.Contains(f.enum, v.text) {
		d.problem(v, fmt.Sprintf("%s can't be %s", f.key, quoteShort(v.text)), didYouMean(v.text, f.enum, "use one of"))
		return
	}
	into.SetString(v.text)
}

// spelling says what a field wants, in words.
func spelling(f field, t reflect.Type) string {
	switch {
	case f.unit != "":
		return example(f.unit)
	case t == durationType:
		return example(unitDuration)
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
	t := f.typ
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case len(f.enum) > 0:
		return f.enum[0]
	case f.unit == unitRate:
		return "200/s"
	case f.unit == unitShare:
		return "5%"
	case f.unit == unitSize:
		return "64MB"
	case f.unit == unitBandwidth:
		return "1MB/s"
	case t == durationType:
		return "250ms"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Pointer && t.Elem() != reflect.TypeFor[*Phase]():
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
