package analysis

import (
	"strings"
	"testing"
	"time"
)

// A latency's receipt is what happened, so the check of it can fail.
func TestDelayCheckFailsWhereTheDelayWasNotGiven(t *testing.T) {
	const low, high = 4900 * time.Millisecond, 5100 * time.Millisecond
	for name, c := range map[string]struct {
		got  Holds
		ok   bool
		text string
	}{
		"as promised":                         {Holds{Count: 100, MeanMs: 5000, FullMs: 5000}, true, "it delayed by 5000.0 ms"},
		"a few let go at the end":             {Holds{Count: 100, CutShort: 10, MeanMs: 4750, FullMs: 5000}, true, "it delayed by 5000.0 ms"},
		"lifted before any of it was due":     {Holds{Count: 60, CutShort: 60, MeanMs: 1500}, false, "of 60 of 60 pieces that it held, which were late by 1500.0 ms"},
		"lifted before most of it was due":    {Holds{Count: 100, CutShort: 51, MeanMs: 4000, FullMs: 5000}, false, "51 of 100"},
		"let go too early":                    {Holds{Count: 100, MeanMs: 4000, FullMs: 4000}, false, "4000.0 ms"},
		"let go too late":                     {Holds{Count: 100, MeanMs: 6000, FullMs: 6000}, false, "6000.0 ms"},
		"nothing that it held went on at all": {Holds{}, false, ""},
	} {
		got := DelayCheck("x", 3*high, low, high, c.got)
		if got.OK != c.ok || !strings.Contains(got.Text, c.text) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A plan may lift a latency before any of it is due: then nothing is held for longer than it was on.
func TestDelayCheckOfALatencyLongerThanItsTimeOn(t *testing.T) {
	const low, high, on = 59 * time.Second, 61 * time.Second, 6 * time.Second
	for name, c := range map[string]struct {
		got Holds
		ok  bool
	}{
		"all let go by then":           {Holds{Count: 100, CutShort: 100, MeanMs: 3000}, true},
		"held for longer than it was":  {Holds{Count: 100, CutShort: 100, MeanMs: 9000}, false},
		"some for their whole time":    {Holds{Count: 100, CutShort: 40, MeanMs: 3000, FullMs: 5000}, false},
		"nothing that it held went on": {Holds{}, false},
	} {
		if got := DelayCheck("x", on, low, high, c.got); got.OK != c.ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A latency that takes more than half of its time on lets as much go early as its plan has it, and no more.
func TestDelayCheckOfALatencyOfMostOfItsTimeOn(t *testing.T) {
	const low, high, on = 3900 * time.Millisecond, 4100 * time.Millisecond, 6 * time.Second
	for name, c := range map[string]struct {
		got Holds
		ok  bool
	}{
		"as its plan has it":    {Holds{Count: 120, CutShort: 82, MeanMs: 2700, FullMs: 4000}, true},
		"lifted a second early": {Holds{Count: 120, CutShort: 98, MeanMs: 2400, FullMs: 4000}, false},
		"held too short":        {Holds{Count: 120, CutShort: 82, MeanMs: 2000, FullMs: 3000}, false},
		"none held whole":       {Holds{Count: 120, CutShort: 120, MeanMs: 2000}, false},
	} {
		if got := DelayCheck("x", on, low, high, c.got); got.OK != c.ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
