package source

import (
	"fmt"
	"testing"
)

func TestUnits(t *testing.T) {
	units := map[string]func(string) (any, bool){
		UnitDuration:  func(s string) (any, bool) { v, ok := ParseDuration(s); return v.String(), ok },
		UnitRate:      func(s string) (any, bool) { v, ok := ParseRate(s); return v, ok },
		UnitShare:     func(s string) (any, bool) { v, ok := ParseShare(s); return v, ok },
		UnitSize:      func(s string) (any, bool) { v, ok := ParseSize(s); return v, ok },
		UnitBandwidth: func(s string) (any, bool) { v, ok := ParseBandwidth(s); return v, ok },
	}
	tests := []struct{ unit, text, want string }{
		{UnitDuration, "250ms", "250ms"}, {UnitDuration, "1m30s", "1m30s"}, {UnitDuration, "0", "0s"}, {UnitDuration, "5", "no"}, {UnitDuration, "1d", "no"}, {UnitDuration, "", "no"},
		{UnitRate, "200/s", "200"}, {UnitRate, "90/m", "1.5"}, {UnitRate, "3600/h", "1"}, {UnitRate, "0.5 / s", "0.5"}, {UnitRate, "1e3/s", "1000"},
		{UnitRate, "200", "no"}, {UnitRate, "/s", "no"}, {UnitRate, "200/d", "no"}, {UnitRate, "NaN/s", "no"}, {UnitRate, "Inf/s", "no"}, {UnitRate, "0x10/s", "no"}, {UnitRate, "1e999/s", "no"},
		{UnitShare, "5%", "0.05"}, {UnitShare, "0.05", "0.05"}, {UnitShare, "99.9%", "0.999"}, {UnitShare, "99.99%", "0.9999"}, {UnitShare, "33.3 %", "0.333"}, {UnitShare, "1e1%", "0.1"},
		{UnitShare, "%", "no"}, {UnitShare, "five", "no"},
		{UnitSize, "64MB", "64000000"}, {UnitSize, "64MiB", "67108864"}, {UnitSize, "1.5 GB", "1500000000"}, {UnitSize, "16KB", "16000"}, {UnitSize, "16kib", "16384"}, {UnitSize, "100B", "100"},
		{UnitSize, "64", "no"}, {UnitSize, "MB", "no"}, {UnitSize, "1e30TB", "no"}, {UnitSize, "64M", "no"},
		{UnitBandwidth, "1MB/s", "1e+06"}, {UnitBandwidth, "100KB/s", "100000"}, {UnitBandwidth, "1MiB/s", "1.048576e+06"}, {UnitBandwidth, "8Mbit/s", "1e+06"}, {UnitBandwidth, "8bit/s", "1"}, {UnitBandwidth, "50B/s", "50"},
		{UnitBandwidth, "1MB", "no"}, {UnitBandwidth, "1/s", "no"}, {UnitBandwidth, "Mbit/s", "no"},
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
	known := []string{"timeout", "retry", "read_time", "region", "latency", "db", "of", "p99", "p999"}
	for word, want := range map[string]string{
		"tiemout": "timeout", "Timeout": "timeout", "time": "timeout", "laten": "latency", "retyr": "retry", "regoin": "region",
		"bd": "db", "p99.9": "p999", "p99": "p99", "time-out": "timeout", "read-time": "read_time", "x": "", "colour": "", "": "", "zz": "",
	} {
		if got := Nearest(word, known); got != want {
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
