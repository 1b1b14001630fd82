package faults

import "testing"

// A toxic has a scenario's words where a kind does what it does, and none where none does.
func TestToxicsInWords(t *testing.T) {
	for _, c := range []struct {
		toxic Toxic
		want  string
	}{
		{Toxic{Stream: Downstream, Toxicity: 1, Per: PerConnection, Attributes: LatencyToxic{Latency: 300, Jitter: 50}}, "latency: 300ms, jitter: 50ms, on"},
		{Toxic{Stream: Upstream, Toxicity: .25, Per: PerConnection, Attributes: LatencyToxic{Latency: 1500}}, "latency: 1.5s, direction: up, share: 0.25, per: connection, on"},
		{Toxic{Stream: Downstream, Toxicity: 1, Attributes: LatencyToxic{Latency: 10, Jitter: 50}}, ""}, // what came before it was sent
		{Toxic{Stream: Downstream, Toxicity: 0, Attributes: LatencyToxic{Latency: 10}}, ""},             // it hits nothing
		{Toxic{Stream: Downstream, Toxicity: .5, Per: PerConnection, Attributes: BandwidthToxic{Rate: 12.5}}, "bandwidth: 12500B/s, share: 0.5, on"},
		{Toxic{Stream: Downstream, Toxicity: 1, Attributes: BandwidthToxic{}}, ""}, // it freezes
		{Toxic{Stream: Upstream, Toxicity: 1, Attributes: TimeoutToxic{}}, "timeout: 0s, direction: up, on"},
		{Toxic{Stream: Downstream, Toxicity: 1, Attributes: SlowCloseToxic{Delay: 20}}, "slow_close: 20ms, on"},
		{Toxic{Stream: Downstream, Toxicity: 1, Attributes: LimitDataToxic{Bytes: 1000}}, "limit_data: 1000B, on"},
		{Toxic{Stream: Downstream, Toxicity: 1, Attributes: ResetPeerToxic{}}, ""},
		{Toxic{Stream: Downstream, Toxicity: 1, Attributes: SlicerToxic{AverageSize: 10}}, ""},
	} {
		if got := c.toxic.Words(); got != c.want {
			t.Errorf("%s is %q, want %q", &c.toxic, got, c.want)
		}
	}
}
