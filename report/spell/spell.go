// Package spell writes figures for people: short, with their unit, without hiding a difference that decides something.
package spell

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Percent keeps 99.996 % from reading as 100 %: what is not whole never rounds to it.
func Percent(share float64) string {
	p := share * 100
	switch {
	case p == 100 || p == 0:
		return fmt.Sprintf("%.0f%%", p)
	case p > 99.99:
		return strconv.FormatFloat(math.Floor(p*1000+1e-6)/1000, 'f', 3, 64) + "%"
	case p == math.Trunc(p):
		return fmt.Sprintf("%.0f%%", p)
	case p > 99 || p < 1:
		return strconv.FormatFloat(math.Floor(p*100+1e-6)/100, 'f', 2, 64) + "%"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + "%"
}

// PerSecond writes a rate: 120.0/s, 0.5/s, 0.017/s. What there is never reads as 0.
func PerSecond(rate float64) string {
	if rate > 0 && rate < 1 {
		return strconv.FormatFloat(rate, 'g', 2, 64) + "/s"
	}
	return strconv.FormatFloat(rate, 'f', 1, 64) + "/s"
}

// Milliseconds writes a latency in ms: 0.43 ms, 8.1 ms, 120 ms, 2.34 s.
func Milliseconds(ms float64) string {
	switch {
	case ms >= 10000:
		return strconv.FormatFloat(ms/1000, 'f', 1, 64) + " s"
	case ms >= 1000:
		return strconv.FormatFloat(ms/1000, 'f', 2, 64) + " s"
	case ms >= 100:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	case ms >= 1:
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	}
	return strconv.FormatFloat(ms, 'f', 2, 64) + " ms"
}

// Seconds writes a time to recover, in s: 0.4 s, 12 s.
func Seconds(s float64) string {
	if s < 10 {
		return strconv.FormatFloat(s, 'f', 1, 64) + " s"
	}
	return strconv.FormatFloat(s, 'f', 0, 64) + " s"
}

// Count groups digits in threes: 12 345.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	if len(s) <= 4 {
		return s
	}
	var groups []string
	for len(s) > 3 {
		groups = append([]string{s[len(s)-3:]}, groups...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, groups...), " ")
}

// Bytes writes a size: 12 B, 4.5 kB, 6.7 MB.
func Bytes(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// Plural counts things: 1 edge, 2 edges.
func Plural(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return Count(n) + " " + thing + "s"
}
