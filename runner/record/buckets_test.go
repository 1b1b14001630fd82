package record

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Our packing and encoding against HdrHistogram's own: same buckets, same counts, same quantiles.
func TestBucketsAreHdrHistograms(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	values := map[string][]uint32{
		"one":        {7},
		"boundaries": {0, 1, 2, 3, 1023, 1024, 2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 1 << 20, 1<<20 - 1, 599_999_999, 600_000_000},
		"many":       nil,
	}
	for range 50_000 {
		values["many"] = append(values["many"], uint32(rng.ExpFloat64()*1e5), rng.Uint32N(600_000_001))
	}
	for name, vs := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := NewHistogram()
			var half, whole buckets
			for i, v := range vs {
				if err := want.RecordValue(int64(v)); err != nil {
					t.Fatal(err)
				}
				if i%2 == 0 {
					half.add(v)
				} else {
					whole.add(v)
				}
			}
			whole.unpack(half.pack())
			if whole.total != int64(len(vs)) {
				t.Errorf("total %d, want %d", whole.total, len(vs))
			}
			got, err := hdrhistogram.Decode([]byte(whole.encode()))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equals(want) {
				t.Error("decoded histogram differs")
			}
			var bars []hdrhistogram.Bar
			for top, count := range Bars(want) {
				bars = append(bars, hdrhistogram.Bar{To: top, Count: count})
			}
			full := slices.DeleteFunc(want.Distribution(), func(b hdrhistogram.Bar) bool { return b.Count == 0 })
			if !slices.EqualFunc(bars, full, func(a, b hdrhistogram.Bar) bool { return a.To == b.To && a.Count == b.Count }) {
				t.Errorf("%d bars that differ from HdrHistogram's %d", len(bars), len(full))
			}
			for _, p := range []float64{0, 1, 50, 90, 99, 99.9, 100} {
				if got, want := whole.quantile(p), Quantile(want, p); got != want {
					t.Errorf("p%v = %v, want %v", p, got, want)
				}
			}
		})
	}
}

func TestMicrosRoundAndStayInRange(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]uint32{
		-time.Second: 0, 0: 0, 499: 0, 500: 1, 1499: 1, time.Millisecond: 1000, 10 * time.Minute: 600_000_000, time.Hour: 600_000_000,
	} {
		if got := micros(d); got != want {
			t.Errorf("micros(%v) = %d, want %d", d, got, want)
		}
	}
}
