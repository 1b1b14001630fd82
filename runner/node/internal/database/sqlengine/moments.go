package sqlengine

import (
	"strconv"
	"strings"
	"time"
)

// Moments are kept as text in one form, so that their order is the text's.
const (
	momentForm = "2006-01-02 15:04:05.000000+00" // timestamptz, always in UTC
	localForm  = "2006-01-02 15:04:05.000000"    // timestamp
	dateForm   = "2006-01-02"
)

// moment reads a timestamp or a date in any of the usual forms.
func moment(s string) (time.Time, bool) {
	s = strings.Replace(strings.TrimSpace(s), "T", " ", 1)
	for _, form := range []string{
		"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-07", "2006-01-02 15:04:05.999999999-0700",
		"2006-01-02 15:04:05.999999999", "2006-01-02 15:04Z07:00", "2006-01-02 15:04", dateForm,
	} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// shift moves a moment by an interval such as "1 day 2 hours" or "90 s".
func shift(t time.Time, interval string, by int) (time.Time, bool) {
	parts := strings.Fields(interval)
	if len(parts) == 0 || len(parts)%2 != 0 {
		return t, false
	}
	for n := 0; n < len(parts); n += 2 {
		amount, err := strconv.ParseFloat(parts[n], 64)
		if err != nil {
			return t, false
		}
		amount *= float64(by)
		switch unit := strings.TrimSuffix(strings.ToLower(parts[n+1]), "s"); unit {
		case "year", "y":
			t = t.AddDate(int(amount), 0, 0)
		case "month", "mon":
			t = t.AddDate(0, int(amount), 0)
		default:
			seconds, known := map[string]float64{
				"week": 7 * 86400, "day": 86400, "d": 86400, "hour": 3600, "h": 3600, "minute": 60, "min": 60, "m": 60,
				"second": 1, "sec": 1, "": 1, "millisecond": 1e-3, "msec": 1e-3, "microsecond": 1e-6,
			}[unit]
			if !known {
				return t, false
			}
			t = t.Add(time.Duration(amount * seconds * float64(time.Second)))
		}
	}
	return t, true
}

// truncated is date_trunc.
func truncated(unit string, t time.Time) (time.Time, bool) {
	y, m, d := t.Date()
	switch unit {
	case "year":
		return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC), true
	case "month":
		return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC), true
	case "week":
		return time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, time.UTC), true
	case "day":
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), true
	case "hour":
		return t.Truncate(time.Hour), true
	case "minute":
		return t.Truncate(time.Minute), true
	case "second":
		return t.Truncate(time.Second), true
	}
	return t, false
}

// part is date_part.
func part(field string, t time.Time) (float64, bool) {
	switch field {
	case "epoch":
		return float64(t.UnixMicro()) / 1e6, true
	case "year":
		return float64(t.Year()), true
	case "month":
		return float64(t.Month()), true
	case "day":
		return float64(t.Day()), true
	case "hour":
		return float64(t.Hour()), true
	case "minute":
		return float64(t.Minute()), true
	case "second":
		return float64(t.Second()) + float64(t.Nanosecond()/1000)/1e6, true
	case "dow":
		return float64(t.Weekday()), true
	case "doy":
		return float64(t.YearDay()), true
	}
	return 0, false
}
