// Package sweep is what a line or a grid of values of a scenario's settings came to: curves of figures over them, and where they cross what is
// expected.
package sweep

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Range is one setting and the values that it takes, in their order.
type Range struct {
	Path   string
	Values []Value
}

// Value is one of a range's: Text is what the scenario is given.
type Value struct {
	Number float64
	Text   string
}

// most values that a range may have.
const most = 200

// Parse reads PATH=FROM..TO:COUNT, as in load.users.rate=80/s..400/s:8; is tells whether it is one at all, and not a plain PATH=VALUE.
func Parse(set string) (r Range, is bool, err error) {
	path, values, _ := strings.Cut(set, "=")
	from, rest, dots := strings.Cut(values, "..")
	if !dots || path == "" {
		return Range{}, false, nil
	}
	wrong := func(what string) (Range, bool, error) {
		return Range{}, true, fmt.Errorf("--set %s: %s; write PATH=FROM..TO:COUNT, as in load.users.rate=80/s..400/s:8", set, what)
	}
	colon := strings.LastIndex(rest, ":")
	if colon < 0 {
		return wrong("it does not say how many values")
	}
	count, err := strconv.Atoi(rest[colon+1:])
	if err != nil || count < 2 || count > most {
		return wrong(fmt.Sprintf("the count is from 2 to %d", most))
	}
	low, spell, err := quantity(from)
	if err != nil {
		return wrong(fmt.Sprintf("%q: %v", from, err))
	}
	high, as, err := quantity(rest[:colon])
	switch {
	case err != nil:
		return wrong(fmt.Sprintf("%q: %v", rest[:colon], err))
	case spell.unit != as.unit:
		return wrong(fmt.Sprintf("%s and %s have not the same unit", from, rest[:colon]))
	case low == high:
		return wrong("both ends are the same")
	}
	r.Path = path
	for i := range count {
		n := low + (high-low)*float64(i)/float64(count-1)
		r.Values = append(r.Values, Value{n, spell.of(n)})
	}
	return r, true, nil
}

// spelling is how values of a unit are written.
type spelling struct{ unit string }

// quantity is a number with its unit; of durations it is in seconds.
func quantity(text string) (float64, spelling, error) {
	text = strings.TrimSpace(text)
	if d, err := time.ParseDuration(text); err == nil && text != "0" {
		return d.Seconds(), spelling{"duration"}, nil
	}
	end := strings.IndexFunc(text, func(c rune) bool { return !strings.ContainsRune("+-.0123456789", c) })
	if end < 0 {
		end = len(text)
	}
	n, err := strconv.ParseFloat(text[:end], 64)
	if err != nil {
		return 0, spelling{}, errors.New("it does not begin with a number")
	}
	return n, spelling{text[end:]}, nil
}

// of writes a value with six digits, of which the last are left out where they are 0.
func (s spelling) of(n float64) string {
	if s.unit == "duration" {
		return time.Duration(n * float64(time.Second)).Round(time.Microsecond).String()
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 6, 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64) + s.unit
}

// Spell writes a value between those of a range, as its own are written.
func (r Range) Spell(n float64) string {
	_, s, _ := quantity(r.Values[0].Text)
	short, _ := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 4, 64), 64)
	return s.of(short)
}
