package source

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// The units of the language, by their name in the unit tag of a field.
const (
	UnitRate      = "rate"      // 200/s, 90/m, 3600/h: per second
	UnitShare     = "share"     // 5% or 0.05: a fraction in [0, 1]
	UnitSize      = "size"      // 64MB, 64MiB: bytes
	UnitBandwidth = "bandwidth" // 1MB/s, 10Mbit/s: bytes a second
	UnitDuration  = "duration"  // 250ms
)

// Example is a spelling of each unit.
func Example(unit string) string {
	switch unit {
	case UnitRate:
		return "a rate such as 200/s"
	case UnitShare:
		return "a share such as 5% or 0.05"
	case UnitSize:
		return "a size such as 64MB or 64MiB"
	case UnitBandwidth:
		return "a bandwidth such as 1MB/s"
	default:
		return "a duration such as 250ms, 30s or 5m"
	}
}

// ParseDuration reads Go's durations, and 0.
func ParseDuration(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	return d, err == nil
}

// ParseRate reads a number per s, m or h as a number per second.
func ParseRate(text string) (float64, bool) {
	number, per, ok := strings.Cut(strings.TrimSpace(text), "/")
	if !ok {
		return 0, false
	}
	n, ok := ParseNumber(number)
	if !ok {
		return 0, false
	}
	switch strings.TrimSpace(per) {
	case "s", "sec", "second":
		return n, true
	case "m", "min", "minute":
		return n / 60, true
	case "h", "hour":
		return n / 3600, true
	}
	return 0, false
}

// ParseShare reads a percentage, or a fraction. The range is the caller's to check.
func ParseShare(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	number, percent := strings.CutSuffix(text, "%")
	n, ok := ParseNumber(number)
	if !ok {
		return 0, false
	}
	if percent {
		// Divided as a decimal, so that 99.9% is the float nearest to 0.999.
		if exact, err := strconv.ParseFloat(shiftPoint(strings.TrimSpace(number)), 64); err == nil {
			return exact, true
		}
		return n / 100, true
	}
	return n, true
}

// shiftPoint is a plain decimal number's text, less two places. Other forms come back unusable.
func shiftPoint(number string) string { return number + "e-2" }

// byteUnits are the suffixes of sizes, longest first.
var byteUnits = []struct {
	suffix string
	bytes  float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"b", 1},
}

// ParseSize reads a number with B, KB, KiB, MB, MiB, GB, GiB, TB or TiB.
func ParseSize(text string) (int64, bool) {
	bytes, ok := parseBytes(text)
	if !ok || bytes >= math.MaxInt64 || bytes <= math.MinInt64 {
		return 0, false
	}
	return int64(math.Round(bytes)), true
}

func parseBytes(text string) (float64, bool) {
	lower := strings.ToLower(strings.TrimSpace(text))
	for _, u := range byteUnits {
		if number, ok := strings.CutSuffix(lower, u.suffix); ok {
			n, ok := ParseNumber(number)
			return n * u.bytes, ok
		}
	}
	return 0, false
}

// bitUnits are the suffixes of bandwidths in bits.
var bitUnits = []struct {
	suffix string
	bits   float64
}{{"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {"bit", 1}}

// ParseBandwidth reads a size, or a number of bit, kbit, Mbit or Gbit, with /s.
func ParseBandwidth(text string) (float64, bool) {
	amount, ok := strings.CutSuffix(strings.TrimSpace(text), "/s")
	if !ok {
		return 0, false
	}
	lower := strings.ToLower(strings.TrimSpace(amount))
	for _, u := range bitUnits {
		if number, ok := strings.CutSuffix(lower, u.suffix); ok {
			n, ok := ParseNumber(number)
			return n * u.bits / 8, ok
		}
	}
	return parseBytes(amount)
}

// ParseNumber reads a finite decimal number.
func ParseNumber(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if text == "" || strings.Trim(text, "0123456789.+-eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
}

// ParseInt reads a whole number as YAML spells it.
func ParseInt(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 0, 64)
	return n, err == nil
}
