package faults

import (
	"math"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		kind Kind
		want string
	}{
		{Latency{Delay: -time.Second}, "latency can't be negative, it is -1s"},
		{Latency{}, "latency adds nothing: give a time, as in 200ms"},
		{Latency{Delay: 5 * time.Millisecond, Jitter: 100 * time.Millisecond}, "jitter 100ms can't be larger than latency 5ms: use a smaller one, or shape: pareto for a long tail"},
		{Latency{Delay: 5 * time.Millisecond, Jitter: 100 * time.Millisecond, Shape: "pareto"}, ""},
		{Latency{Delay: time.Second, Shape: "square"}, `shape can't be "square": use uniform, normal or pareto`},
		{Latency{Delay: time.Second, Direction: "left"}, `direction can't be "left": use down, up or both`},
		{Latency{Delay: time.Second, Share: 1.5}, "share can't be 150%: use more than 0% and at most 100%"},
		{Latency{Delay: time.Second, Share: nan}, "share can't be NaN%: use more than 0% and at most 100%"},
		{Latency{Delay: time.Second, Per: "user"}, `per can't be "user": use request or connection`},
		{Bandwidth{}, "bandwidth must be more than 0, it is 0B/s: use freeze to let nothing pass"},
		{Bandwidth{Rate: -1000}, "bandwidth must be more than 0, it is -1KB/s: use freeze to let nothing pass"},
		{Bandwidth{Rate: nan}, "bandwidth must be more than 0, it is NaNB/s: use freeze to let nothing pass"},
		{Bandwidth{Rate: math.Inf(1)}, "bandwidth must be a number, it has no bound: leave the fault away"},
		{Slicer{}, "slicer must be at least 1B, it is 0B: give the mean size of a piece, as in 64B"},
		{Slicer{Size: 1, Variation: 100}, "variation 100B must be less than the size 1B: no piece can be empty"},
		{Slicer{Size: 64, Variation: 64}, "variation 64B must be less than the size 64B: no piece can be empty"},
		{Slicer{Size: 64, Variation: -1}, "variation can't be negative, it is -1B"},
		{Slicer{Size: 64, Delay: -time.Second}, "delay can't be negative, it is -1s"},
		{Timeout{After: -1}, "timeout can't be negative, it is -1ns"},
		{SlowClose{}, "slow_close must be more than 0s, it is 0s"},
		{SlowAccept{}, "slow_accept must be more than 0s, it is 0s"},
		{LimitData{Bytes: -1}, "limit_data can't be negative, it is -1B"},
		{LimitData{}, ""},
		{Blackhole{Bytes: "eaten"}, `bytes can't be "eaten": use lost or kept`},
		{Blackhole{Connections: "old"}, `connections can't be "old": use all, new or open`},
		{HalfOpen{Direction: Both}, "half_open is one way, direction can't be both: use blackhole"},
		{HalfOpen{Connections: "new"}, `connections can't be "new": use all or open`},
		{Reset{Connections: "x"}, `connections can't be "x": use all, new or open`},
		{Partition{How: "reset"}, `how can't be "reset": use hang, drop or refuse`},
		{Partition{Ways: "three"}, `ways can't be "three": use both or one`},
		{Outage{How: "slow"}, `how can't be "slow": use hang, drop, refuse or reset`},
		{Crash{RestartAfter: -time.Second}, "restart_after can't be negative, it is -1s"},
		{CPU{}, "cpu needs a size: give cores, as in 0.25, or share, as in 25% of the node's cpus"},
		{CPU{Cores: -1}, "cores can't be -1: use more than 0, as in 0.25"},
		{CPU{Cores: 0.001}, "cores can't be 0.001: use at least 0.01"},
		{CPU{Cores: 1, Share: 0.5}, "cpu has both cores and share: give one of them"},
		{CPU{Share: -1}, "share can't be -100%: use more than 0% and at most 100%"},
		{Flush{How: "all"}, `how can't be "all": use hard or soft`},
		{Flush{}, ""},
		{Replay{}, "replay has no subscriber: add subscriber: NAME, who gets it again"},
		{Replay{Subscriber: "x", Rate: -1}, "rate is -1: use more than 0, or leave it out"},
		{Promote{}, ""},
		{Errors{}, "errors can't be 0%: use more than 0% and at most 100%"},
		{Errors{Share: 2}, "errors can't be 200%: use more than 0% and at most 100%"},
		{Errors{Share: 0.5, Status: 200}, "status 200 is no error: use 400 to 599"},
		{Slow{}, "slow adds nothing: give a time, as in 300ms, or a factor, as in 3"},
		{Slow{Factor: 1}, "slow adds nothing: give a time, as in 300ms, or a factor, as in 3"},
		{Slow{Added: -time.Second}, "slow can't be negative, it is -1s"},
		{Slow{Factor: -2}, "factor can't be -2: use more than 1, as in 3"},
	}
	for _, test := range tests {
		got := ""
		if err := test.kind.Validate(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%#v:\n got %q\nwant %q", test.kind, got, test.want)
		}
	}
}

func TestCPUShareNeedsALimit(t *testing.T) {
	targets := Targets{Instances: []string{"a-1", "b-1"}, Nodes: []Node{{CPUs: 2}, {CPUs: 0}}}
	err := CPU{Share: 0.5}.Check(targets)
	want := `"b-1" has no cpus to take a share of: give the fault cores, or the node cpus`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	err = CPU{Share: 0.001}.Check(targets)
	if want := `0.1% of the cpus of "a-1" is 0.002: use at least 0.01`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := (CPU{Cores: 1}).Check(targets); err != nil {
		t.Errorf("cores need no limit, but: %v", err)
	}
}
