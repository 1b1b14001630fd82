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
		{DNS{}, "dns does not say what a lookup is told: use nxdomain, servfail, timeout, slow or old"},
		{DNS{Answer: "gone"}, `dns can't be "gone": use nxdomain, servfail, timeout, slow or old`},
		{DNS{Answer: "slow"}, "dns: slow needs a time: add delay, as in delay: 2s"},
		{DNS{Answer: "old", Delay: time.Second}, "delay is for dns: slow, and this is dns: old"},
		{FullDisk{Leave: -1}, "leave can't be negative, it is -1B"},
		{Rollout{}, "rollout does not say of what: add image, as in image: payments:2"},
		{Rollout{Image: "b:2", Until: "ever"}, `until can't be "ever": use phase or end`},
		{SlowDisk{}, "slow_disk must be more than 0, it is 0B/s"},
		{Memory{}, "memory needs a size: add limit, as in limit: 64MB"},
		{Memory{Limit: 1e6}, "limit can't be 1MB: use 6MiB or more"},
		{ConnectionLimit{}, "connection_limit can't be 0: use 1 or more; to let no connection through use refuse"},
		{ConnectionLimit{Most: 1, Over: "queue"}, `over can't be "queue": use reset, close or wait`},
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

// What a fault asks of a node is said where the node does not have it.
func TestChecksOfNodes(t *testing.T) {
	one := func(n Node) Targets {
		n.Name = "b"
		return Targets{Instances: []string{"b-1"}, Nodes: []Node{n}}
	}
	data, logs := Volume{Target: "/data", Size: 2e6}, Volume{Target: "/logs", Size: 2e6}
	for _, c := range []struct {
		kind Checker
		on   Node
		want string
	}{
		{FullDisk{}, Node{Image: "x", Volumes: []Volume{data, {Target: "/more"}}}, ""},
		{FullDisk{Volume: "/logs"}, Node{Image: "x", Volumes: []Volume{data, logs}}, ""},
		{Certificate{How: "wrong_name"}, Node{Image: "x", Certificate: true, Reloads: true}, ""},
		{Certificate{}, Node{}, `certificate is for images and local commands, and "b" is built in and speaks no TLS`},
		{Certificate{}, Node{Image: "x"}, `"b" has no certificate of the run's: give it one, as in certificate: {cert: /etc/tls/web.crt, key: /etc/tls/web.key, reload: SIGHUP}`},
		{Certificate{}, Node{Image: "x", Certificate: true}, `nothing says how "b" is told of another certificate: add reload to its certificate, as in reload: [nginx, -s, reload], SIGHUP, or none`},
		{FullDisk{}, Node{}, `full_disk is for images that have a volume with a size (docker engine), and "b" is built in`},
		{FullDisk{}, Node{Image: "x", Volumes: []Volume{{Target: "/more"}}}, `"b" has no disk that can be filled: give it a volume with a size, as in volumes: [{target: /data, size: 64MB}]`},
		{FullDisk{Volume: "/more"}, Node{Image: "x", Volumes: []Volume{data, {Target: "/more"}}}, `"b" has no volume /more with a size: give it a volume with a size, as in volumes: [{target: /data, size: 64MB}]`},
		{FullDisk{}, Node{Image: "x", Volumes: []Volume{data, logs}}, `"b" has several volumes with a size: say which, as in volume: /data`},
		{FullDisk{}, Node{Image: "x", Volumes: []Volume{{Target: "/data", Size: 1, ReadOnly: true}}}, `"b" can't write to its volume /data anyway: it is read only there`},
		{FullDisk{Leave: 2e6}, Node{Image: "x", Volumes: []Volume{data}}, `leave 2MB is all of the volume /data of "b": use less`},
		{Rollout{Image: "x:2"}, Node{Image: "x:1"}, ""},
		{Rollout{Image: "x:2"}, Node{}, `rollout is for nodes that run an image (docker engine), and "b" is built in: use change`},
		{Rollout{Image: "x:2"}, Node{Image: "x:2"}, `"b" runs the image x:2 already`},
	} {
		got := ""
		if err := c.kind.Check(one(c.on)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.kind, got, c.want)
		}
	}
}
