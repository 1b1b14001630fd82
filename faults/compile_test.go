package faults

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCompile holds every kind to its words and to its primitives, in their wire form.
func TestCompile(t *testing.T) {
	edges := Targets{Edges: []string{"a-1:b-1", "a-1:b-2"}}
	one := Targets{Edges: []string{"a-1:b-1"}}
	nodes := Targets{Instances: []string{"b-1", "b-2"}, Nodes: []Node{{CPUs: 2}, {CPUs: 0.5}}}
	toxic := func(edge, kind, stream, attributes string) string {
		return `{"op":"toxic","edge":"` + edge + `","toxic":{"type":"` + kind + `","stream":"` + stream +
			`","toxicity":1,"per":"connection","attributes":` + attributes + `}}`
	}
	outage := func(rest string) string { return `{"op":"outage","edge":"a-1:b-1","outage":{` + rest + `}}` }
	tests := []struct {
		name   string
		kind   Kind
		on     Targets
		word   string
		text   string
		actual []string
	}{
		{"latency", Latency{Delay: 800 * time.Millisecond, Jitter: 1500 * time.Microsecond}, one, "latency", "latency 800ms ±1.5ms", []string{
			`{"op":"toxic","edge":"a-1:b-1","toxic":{"type":"latency","stream":"downstream","toxicity":1,"per":"request","attributes":{"jitter":1.5,"latency":800}}}`}},
		{"latency of a share, both ways", Latency{Delay: time.Second, Shape: "pareto", Share: 0.05, Per: "connection", Direction: Both}, one, "latency", "latency 1s each way for 5% of connections", []string{
			`{"op":"toxic","edge":"a-1:b-1","toxic":{"type":"latency","stream":"upstream","toxicity":0.05,"per":"connection","attributes":{"jitter":0,"latency":1000,"shape":"pareto"}}}`,
			`{"op":"toxic","edge":"a-1:b-1","toxic":{"type":"latency","stream":"downstream","toxicity":0.05,"per":"connection","attributes":{"jitter":0,"latency":1000,"shape":"pareto"}}}`}},
		{"bandwidth on two edges", Bandwidth{Rate: 1e6}, edges, "bandwidth", "bandwidth 1MB/s", []string{
			toxic("a-1:b-1", "bandwidth", "downstream", `{"rate":1000}`), toxic("a-1:b-2", "bandwidth", "downstream", `{"rate":1000}`)}},
		{"bandwidth of part of a KB/s", Bandwidth{Rate: 1500, Direction: Up}, one, "bandwidth", "bandwidth 1.5KB/s on requests", []string{
			toxic("a-1:b-1", "bandwidth", "upstream", `{"rate":1.5}`)}},
		{"slicer counts its delay in µs", Slicer{Size: 64, Variation: 16, Delay: 10 * time.Millisecond}, one, "slicer", "slicer 64B ±16B every 10ms", []string{
			toxic("a-1:b-1", "slicer", "downstream", `{"average_size":64,"delay":10000,"size_variation":16,"slicing":"mean"}`)}},
		{"timeout", Timeout{After: 5 * time.Second}, one, "timeout", "timeout after 5s", []string{
			toxic("a-1:b-1", "timeout", "downstream", `{"timeout":5000}`)}},
		{"timeout without end, both ways", Timeout{Direction: Both}, one, "timeout", "timeout without end each way", []string{
			toxic("a-1:b-1", "timeout", "upstream", `{"timeout":0}`), toxic("a-1:b-1", "timeout", "downstream", `{"timeout":0}`)}},
		{"slow close", SlowClose{Delay: time.Second}, one, "slow_close", "slow close 1s", []string{
			toxic("a-1:b-1", "slow_close", "downstream", `{"delay":1000}`)}},
		{"limit data", LimitData{Bytes: 16000}, one, "limit_data", "limit data 16KB", []string{
			toxic("a-1:b-1", "limit_data", "downstream", `{"bytes":16000}`)}},
		{"connection limit", ConnectionLimit{Most: 10}, one, "connection_limit", "connection limit 10", []string{outage(`"new":"reset","open":"pass","most":10`)}},
		{"connection limit to wait at", ConnectionLimit{Most: 1, Over: "wait"}, one, "connection_limit", "connection limit 1, others wait", []string{outage(`"new":"freeze","open":"pass","most":1`)}},
		{"black hole", Blackhole{}, one, "blackhole", "black hole", []string{outage(`"new":"hang","open":"lose"`)}},
		{"black hole that keeps bytes", Blackhole{Bytes: "kept"}, one, "blackhole", "black hole (bytes kept)", []string{outage(`"new":"hang","open":"keep"`)}},
		{"black hole for new", Blackhole{Connections: "new"}, one, "blackhole", "black hole for new connections", []string{outage(`"new":"hang","open":"pass"`)}},
		{"black hole for open", Blackhole{Connections: "open"}, one, "blackhole", "black hole for open connections", []string{outage(`"new":"pass","open":"lose"`)}},
		{"half open", HalfOpen{}, one, "half_open", "half open (answers lost)", []string{outage(`"new":"hang","open":"lose","direction":"down"`)}},
		{"half open up, open only", HalfOpen{Direction: Up, Bytes: "kept", Connections: "open"}, one, "half_open", "half open (requests held) for open connections", []string{
			outage(`"new":"pass","open":"keep","direction":"up"`)}},
		{"reset", Reset{}, one, "reset", "reset", []string{outage(`"new":"reset","open":"reset"`)}},
		{"refuse", Refuse{}, one, "refuse", "refuse", []string{outage(`"new":"refuse","open":"close"`)}},
		{"refuse new", Refuse{Connections: "new"}, one, "refuse", "refuse for new connections", []string{outage(`"new":"refuse","open":"pass"`)}},
		{"freeze", Freeze{}, one, "freeze", "freeze", []string{outage(`"new":"freeze","open":"keep"`)}},
		{"accept then close", AcceptClose{}, one, "accept_close", "accept then close", []string{outage(`"new":"close","open":"close"`)}},
		{"slow accept", SlowAccept{Delay: 2 * time.Second}, one, "slow_accept", "slow accept 2s", []string{outage(`"new":"slow","open":"pass","delay":2000000000`)}},
		{"partition", Partition{}, one, "partition", "partition (hang)", []string{outage(`"new":"hang","open":"keep"`)}},
		{"partition that drops", Partition{How: "drop", Ways: "one"}, one, "partition", "partition one way (drop)", []string{outage(`"new":"hang","open":"lose"`)}},
		{"partition that refuses", Partition{How: "refuse"}, one, "partition", "partition (refuse)", []string{outage(`"new":"refuse","open":"reset"`)}},
		{"machine loss", MachineLoss{}, nodes, "machine_loss", "machine loss", []string{`{"op":"machine_loss","instance":"b-1"}`, `{"op":"machine_loss","instance":"b-2"}`}},
		{"machine drain", MachineDrain{}, nodes, "machine_drain", "machine drain", []string{`{"op":"machine_drain","instance":"b-1"}`, `{"op":"machine_drain","instance":"b-2"}`}},
		{"machine drain with a place elsewhere", MachineDrain{Elsewhere: 2 * time.Second}, Targets{Instances: []string{"b-1"}}, "machine_drain", "machine drain, elsewhere after 2s", []string{`{"op":"machine_drain","instance":"b-1","elsewhere":2000000000}`}},
		{"machine drain that nobody is told of", MachineDrain{Discovery: "untold"}, Targets{Instances: []string{"b-1"}}, "machine_drain", "machine drain untold", []string{`{"op":"machine_drain","instance":"b-1","untold":true}`}},
		{"outage", Outage{}, one, "outage", "outage (hang)", []string{outage(`"new":"hang","open":"keep"`)}},
		{"outage that resets", Outage{How: "reset"}, one, "outage", "outage (reset)", []string{outage(`"new":"reset","open":"reset"`)}},
		{"outage that refuses", Outage{How: "refuse"}, one, "outage", "outage (refuse)", []string{outage(`"new":"refuse","open":"reset"`)}},
		{"crash", Crash{RestartAfter: time.Second}, nodes, "crash", "crash", []string{`{"op":"kill","instance":"b-1"}`, `{"op":"kill","instance":"b-2"}`}},
		{"pause", Pause{}, nodes, "pause", "pause", []string{`{"op":"pause","instance":"b-1"}`, `{"op":"pause","instance":"b-2"}`}},
		{"cpu in cores", CPU{Cores: 0.25}, nodes, "cpu", "cpu 0.25 cores", []string{`{"op":"cpu","instance":"b-1","cpus":0.25}`, `{"op":"cpu","instance":"b-2","cpus":0.25}`}},
		{"cpu as a share of each limit", CPU{Share: 0.5}, nodes, "cpu", "cpu 50% of its limit", []string{`{"op":"cpu","instance":"b-1","cpus":1}`, `{"op":"cpu","instance":"b-2","cpus":0.25}`}},
		{"memory", Memory{Limit: 64e6}, Targets{Instances: []string{"b-1"}}, "memory", "memory 64MB", []string{`{"op":"memory","instance":"b-1","bytes":64000000}`}},
		{"certificate", Certificate{}, Targets{Instances: []string{"b-1"}}, "certificate", "an expired certificate", []string{`{"op":"certificate","instance":"b-1","certificate":"expired"}`}},
		{"certificate of nobody", Certificate{How: "untrusted"}, Targets{Instances: []string{"b-1"}}, "certificate", "a certificate of an authority that nobody trusts", []string{`{"op":"certificate","instance":"b-1","certificate":"untrusted"}`}},
		{"dns", DNS{Answer: "nxdomain"}, one, "dns", "dns nxdomain", []string{`{"op":"lookup","edge":"a-1:b-1","lookup":{"answer":"nxdomain"}}`}},
		{"slow dns", DNS{Answer: "slow", Delay: time.Second}, one, "dns", "dns slow 1s", []string{`{"op":"lookup","edge":"a-1:b-1","lookup":{"answer":"slow","delay":1000000000}}`}},
		{"full disk", FullDisk{Leave: 1e6}, Targets{Instances: []string{"b-1"}, Nodes: []Node{{Name: "b", Image: "x", Volumes: []Volume{{Target: "/data", Size: 2e6}}}}}, "full_disk", "full disk but for 1MB", []string{
			`{"op":"fill","instance":"b-1","disk":{"volume":"/data","leave":1000000}}`}},
		{"rollout", Rollout{Image: "b:2"}, Targets{Instances: []string{"b-1"}}, "rollout", "rollout of b:2", []string{`{"op":"replace","instance":"b-1","image":"b:2"}`}},
		{"slow disk", SlowDisk{Rate: 1e6}, Targets{Instances: []string{"b-1"}}, "slow_disk", "slow disk 1MB/s", []string{`{"op":"slow disk","instance":"b-1"}`}},
		{"clock skew", ClockSkew{By: time.Minute}, Targets{Instances: []string{"b-1"}}, "clock_skew", "clock skew 1m0s", []string{`{"op":"clock skew","instance":"b-1"}`}},
		{"flush", Flush{}, Targets{Instances: []string{"b-1"}}, "flush", "flush", []string{`{"op":"ask","instance":"b-1","ask":{"flush":"hard"}}`}},
		{"replay", Replay{Subscriber: "search", Rate: 50}, Targets{Instances: []string{"b-1"}}, "replay", "replay to search at 50/s", []string{`{"op":"ask","instance":"b-1","ask":{"replay":{"subscriber":"search","rate":50}}}`}},
		{"promote", Promote{}, Targets{Instances: []string{"b-1"}}, "promote", "promote", []string{`{"op":"ask","instance":"b-1","ask":{"promote":true}}`}},
		{"soft flush", Flush{How: "soft"}, Targets{Instances: []string{"b-1"}}, "flush", "flush (soft)", []string{`{"op":"ask","instance":"b-1","ask":{"flush":"soft"}}`}},
		{"stop", Stop{}, nodes, "stop", "stop", []string{`{"op":"stop","instance":"b-1"}`, `{"op":"stop","instance":"b-2"}`}},
		{"scale", Scale{Replicas: 1, Discovery: "untold"}, nodes, "scale", "scale to 1 untold", []string{`{"op":"stop","instance":"b-2","untold":true}`}},
		{"change", Change{With: Patch{Text: "{timeout: 1ms}", Words: "timeout 1ms"}}, Targets{Instances: []string{"b-1"}}, "change", "change timeout 1ms", []string{
			`{"op":"configure","instance":"b-1","patch":{"text":"{timeout: 1ms}","words":"timeout 1ms"}}`}},
		{"errors", Errors{Share: 0.3}, nodes, "errors", "errors 30% (status 500)", []string{
			`{"op":"behave","instance":"b-1","behaviour":{"errors":0.3,"status":500}}`, `{"op":"behave","instance":"b-2","behaviour":{"errors":0.3,"status":500}}`}},
		{"errors of a status", Errors{Share: 1, Status: 429}, Targets{Instances: []string{"b-1"}}, "errors", "errors 100% (status 429)", []string{
			`{"op":"behave","instance":"b-1","behaviour":{"errors":1,"status":429}}`}},
		{"slow", Slow{Added: 300 * time.Millisecond}, Targets{Instances: []string{"b-1"}}, "slow", "slow +300ms", []string{
			`{"op":"behave","instance":"b-1","behaviour":{"slow":300000000}}`}},
		{"slow by a factor", Slow{Factor: 3}, Targets{Instances: []string{"b-1"}}, "slow", "slow ×3", []string{
			`{"op":"behave","instance":"b-1","behaviour":{"factor":3}}`}},
	}
	met := map[string]bool{}
	for _, test := range tests {
		met[test.word] = true
		t.Run(test.name, func(t *testing.T) {
			if err := test.kind.Validate(); err != nil {
				t.Errorf("valid, but: %v", err)
			}
			if got := test.kind.Kind(); got != test.word {
				t.Errorf("kind %q, want %q", got, test.word)
			}
			if got := test.kind.String(); got != test.text {
				t.Errorf("in words %q, want %q", got, test.text)
			}
			var got []string
			for _, p := range test.kind.Compile(test.on) {
				wire, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(wire))
			}
			if diff := cmp.Diff(test.actual, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, e := range Kinds {
		if !met[e.Word] {
			t.Errorf("no case for %q", e.Word)
		}
	}
}

// TestCompileIsPure compiles twice and changes the first result: the second must not notice.
func TestCompileIsPure(t *testing.T) {
	b := Node{CPUs: 1, Image: "b", Volumes: []Volume{{Target: "/data", Size: 1}}}
	for _, e := range Kinds {
		targets := Targets{Edges: []string{"a-1:b-1", "a-1:b-2"}, Instances: []string{"b-1", "b-2"}, Nodes: []Node{b, b}}
		first := e.Zero.Compile(targets)
		for i := range first[:1] {
			switch p := first[i]; {
			case p.Toxic != nil:
				p.Toxic.Stream = "changed"
			case p.Outage != nil:
				p.Outage.New = "changed"
			case p.Behaviour != nil:
				p.Behaviour.Status = -1
			case p.Lookup != nil:
				p.Lookup.Answer = "changed"
			case p.Disk != nil:
				p.Disk.Volume = "changed"
			}
		}
		for _, p := range append(first[1:], e.Zero.Compile(targets)...) {
			wire, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(wire), "changed") || strings.Contains(string(wire), "-1}") {
				t.Errorf("%s: primitives share what they point to: %s", e.Word, wire)
			}
		}
	}
}
