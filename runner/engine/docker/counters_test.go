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

// Notices of want of memory are no kills: the kernel's count is, where it can be read, and else those that are apart from each other.
func TestKillsForWantOfMemory(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
		ok   bool
	}{
		{"oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", 3, true},
		{"low 0\nhigh 0\nmax 12\noom 5\noom_kill 2\noom_group_kill 0\n", 2, true},
		{"oom_kill_disable 0\nunder_oom 0\n", 0, false}, // before Linux 4.13
	} {
		if got, ok := parseKills(c.text); got != c.want || ok != c.ok {
			t.Errorf("%q: %d, %v; want %d, %v", c.text, got, ok, c.want, c.ok)
		}
	}
	began := time.Now()
	for _, c := range []struct {
		counted []int64 // at each notice; nil: it cannot be read
		want    []int64
	}{
		{nil, []int64{1, 0, 0, 1}},
		{[]int64{1, 1, 1, 3}, []int64{1, 0, 0, 2}},
		{[]int64{0, 0, 1, 1}, []int64{0, 0, 1, 0}},
	} {
		var s starvation
		for n, after := range []time.Duration{0, 9 * time.Millisecond, 12 * time.Millisecond, 4 * time.Second} {
			got := s.untold(began.Add(after), func() (int64, bool) {
				if c.counted == nil {
					return 0, false
				}
				return c.counted[n], true
			})
			if got != c.want[n] {
				t.Errorf("notice %d of counts %v: %d kills, want %d", n+1, c.counted, got, c.want[n])
			}
		}
	}
}
