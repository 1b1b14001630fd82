package scenarios

import (
	"fmt"
	"testing"
)

func TestUnits(t *testing.T) {
	units := map[string]func(string) (any, bool){
		unitDuration:  func(s string) (any, bool) { v, ok := parseDuration(s); return v.String(), ok },
		unitRate:      func(s string) (any, bool) { v, ok := parseRate(s); return v, ok },
		unitShare:     func(s string) (any, bool) { v, ok := parseShare(s); return v, ok },
		unitSize:      func(s string) (any, bool) { v, ok := parseSize(s); return v, ok },
		unitBandwidth: func(s string) (any, bool) { v, ok := parseBandwidth(s); return v, ok },
	}
	tests := []struct{ unit, text, want string }{
		{unitDuration, "250ms", "250ms"}, {unitDuration, "1m30s", "1m30s"}, {unitDuration, "0", "0s"}, {unitDuration, "5", "no"}, {unitDuration, "1d", "no"}, {unitDuration, "", "no"},
		{unitRate, "200/s", "200"}, {unitRate, "90/m", "1.5"}, {unitRate, "3600/h", "1"}, {unitRate, "0.5 / s", "0.5"}, {unitRate, "1e3/s", "1000"},
		{unitRate, "200", "no"}, {unitRate, "/s", "no"}, {unitRate, "200/d", "no"}, {unitRate, "NaN/s", "no"}, {unitRate, "Inf/s", "no"}, {unitRate, "0x10/s", "no"}, {unitRate, "1e999/s", "no"},
		{unitShare, "5%", "0.05"}, {unitShare, "0.05", "0.05"}, {unitShare, "99.9%", "0.999"}, {unitShare, "99.99%", "0.9999"}, {unitShare, "33.3 %", "0.333"}, {unitShare, "1e1%", "0.1"},
		{unitShare, "%", "no"}, {unitShare, "five", "no"},
		{unitSize, "64MB", "64000000"}, {unitSize, "64MiB", "67108864"}, {unitSize, "1.5 GB", "1500000000"}, {unitSize, "16KB", "16000"}, {unitSize, "16kib", "16384"}, {unitSize, "100B", "100"},
		{unitSize, "64", "no"}, {unitSize, "MB", "no"}, {unitSize, "1e30TB", "no"}, {unitSize, "64M", "no"},
		{unitBandwidth, "1MB/s", "1e+06"}, {unitBandwidth, "100KB/s", "100000"}, {unitBandwidth, "1MiB/s", "1.048576e+06"}, {unitBandwidth, "8Mbit/s", "1e+06"}, {unitBandwidth, "8bit/s", "1"}, {unitBandwidth, "50B/s", "50"},
		{unitBandwidth, "1MB", "no"}, {unitBandwidth, "1/s", "no"}, {unitBandwidth, "Mbit/s", "no"},
	}
	for _, test := range tests {
		got := "no"
		if v, ok := units[test.unit](test.text); ok {
			got = fmt.Sprint(v)
		}
		if got != test.want {
			t.Errorf("%s %q is %s, want %s", test.unit, test.text, got, test.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"timeout", "retry", "read_time", "region", "latency", "db", "of"}
	for word, want := range map[string]string{
		"tiemout": "timeout", "Timeout": "timeout", "time": "timeout", "laten": "latency", "retyr": "retry", "regoin": "region",
		"bd": "db", "x": "", "colour": "", "": "", "zz": "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
	for _, d := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"größe", "grösse", 2}} {
		if got := distance(d.a, d.b); got != d.want || distance(d.b, d.a) != d.want {
			t.Errorf("%q and %q are %d apart, want %d", d.a, d.b, got, d.want)
		}
	}
}
