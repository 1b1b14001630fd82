package analysis

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/record"
)

// Place is where something stays for a while: requests in a node or behind an edge, attempts of a caller, messages in a queue.
type Place struct {
	// Where is the place and the stretch of time, in words.
	Where string
	// Stays are what came, left and stayed in that time.
	Stays passage.Reading
	// Took are the stays of those who left, as somebody else summed them; nil: nobody did.
	Took *time.Duration
	// Counts are what others counted there.
	Counts []Count
	// Skewed is how many may have come or gone while the counters were read, one after the other: none in virtual time.
	Skewed int64
}

// Count is a count of a place that is to be from Least to Most.
type Count struct {
	What        string // as in "its metric counts"
	N           int64
	Least, Most int64
}

// wrongs say what does not add up at a place.
func (p Place) wrongs() []string {
	var out []string
	s := p.Stays
	if s.In != s.Out+s.Inside+s.Lost {
		out = append(out, fmt.Sprintf("%s: %d came, %d left, %d more are inside, %d were lost in a crash", p.Where, s.In, s.Out, s.Inside, s.Lost))
	}
	for _, c := range p.Counts {
		if c.N < c.Least-p.Skewed || c.N > c.Most+p.Skewed {
			out = append(out, fmt.Sprintf("%s: %s %d, which is not %s", p.Where, c.What, c.N, c.bounds()))
		}
	}
	return out
}

// bounds are what it may be, in words.
func (c Count) bounds() string {
	if c.Least == c.Most {
		return fmt.Sprint(c.Least)
	}
	return fmt.Sprintf("%d to %d", c.Least, c.Most)
}

// PlacesCheck holds, to the last one, what came to each place against what left it, is in it and was lost. nil where there are none.
func PlacesCheck(all []Place) *record.Check {
	var bad []string
	for _, p := range all {
		bad = append(bad, p.wrongs()...)
	}
	return placesCheck("flow by place", bad, len(all), "what came = what left + what is inside + what was lost, at every node, edge and queue and in every phase")
}

// littleOwn is how far the two sides of Little's law may be apart at one place. They are of one clock, so that nothing but
// a count that is wrong sets them apart, on sockets as in virtual time.
const littleOwn = 0.02

// littleOff tells that the integral of who is inside does not agree with the stays of each one.
func (p Place) littleOff() (text string, off bool) {
	area, took := p.Stays.Area, p.Stays.Took
	if p.Took != nil {
		took = *p.Took
	}
	stayed := took + p.Stays.LostAges + p.Stays.Ages
	if math.Abs(float64(area-stayed)) <= littleOwn*float64(max(area, stayed))+float64(time.Microsecond) {
		return "", false
	}
	return fmt.Sprintf("%s: the number inside adds up to %.3f s over time, the stays of each one to %.3f s", p.Where, area.Seconds(), stayed.Seconds()), true
}

// LittlePlacesCheck holds Little's law (L = λW) at each place: how many were inside, integrated over time, against how long each
// one stayed. nil where there are none.
func LittlePlacesCheck(all []Place) *record.Check {
	var bad []string
	for _, p := range all {
		if text, off := p.littleOff(); off {
			bad = append(bad, text)
		}
	}
	return placesCheck("Little's law by place", bad, len(all), "the number inside over time = rate x stay, within 2 %, at every node, edge and queue and in every phase")
}

func placesCheck(name string, bad []string, of int, holds string) *record.Check {
	if of == 0 {
		return nil
	}
	if len(bad) == 0 {
		return &record.Check{Name: name, OK: true, Text: fmt.Sprintf("%s (%d)", holds, of)}
	}
	return &record.Check{Name: name, Text: firstOf(bad)}
}

// firstOf are the first few of what was found, and how many more there are.
func firstOf(bad []string) string {
	const shown = 3
	text := strings.Join(bad[:min(shown, len(bad))], "; ")
	if more := len(bad) - shown; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
