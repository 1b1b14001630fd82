package record_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// One sample at 1,000 a second, windows encoded on the way.
func BenchmarkAdd(b *testing.B) {
	r := record.NewRecorder([]record.Span{{Name: "all", End: time.Hour}})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Add(sample(time.Duration(i%3_000_000)*time.Millisecond, time.Duration(i%10_000)*time.Microsecond))
		i++
	}
}

func BenchmarkAddInParallel(b *testing.B) {
	r := record.NewRecorder([]record.Span{{Name: "all", End: time.Hour}})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			r.Add(sample(time.Duration(i%3_000_000)*time.Millisecond, time.Duration(i%10_000)*time.Microsecond))
		}
	})
}
