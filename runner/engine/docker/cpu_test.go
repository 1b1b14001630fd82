package docker

import (
	"testing"
	"time"
)

func TestParseCPU(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n", 1500 * time.Microsecond, true},
		{"123456789\n", 123456789, true},
		{"nr_periods 0\nnr_throttled 0\n", 0, false}, // cpu.stat of the first version counts no time
		{"", 0, false},
	} {
		if got, ok := parseCPU(c.text); got != c.want && ok || ok != c.ok {
			t.Errorf("%q: %s, %v; want %s, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}
