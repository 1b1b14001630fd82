package remote

import (
	"fmt"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/results"
	"github.com/squallhq/squall/runner/load/worker"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// What a request costs the conductor when so many generators tell of theirs, one after the other: reading the events, counting, recording the sample
// and, with results, numbering it for results.gob and writing it there.
func BenchmarkHear(b *testing.B) {
	for _, generators := range []int{2, 8, 40} {
		for _, results := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d generators, results %v", generators, results), func(b *testing.B) { hear(b, generators, results) })
		}
	}
}

// written counts bytes.
type written int64

func (w *written) Write(p []byte) (int, error) {
	*w += written(len(p))
	return len(p), nil
}

func hear(b *testing.B, generators int, write bool) {
	const rounds, each = 4000, 200 // frames of all, and requests of one: 20 ms of 10,000 a second
	frames, n := spoken(rounds/generators, generators, each, write)
	var used time.Duration
	var bytes written
	for b.Loop() {
		b.StopTimer()
		recorder := record.NewRecorder([]record.Span{{Name: "all", End: 24 * time.Hour}})
		d := runner.Drive{Order: order.Order{Loads: million, Until: 24 * time.Hour}, Record: recorder.Add, Zero: time.Now()}
		bytes = 0
		if write {
			d.Results = &bytes
		}
		x := &drive{fleet: &fleet{o: Options{Generators: generators}, clock: frame.NewClock(0)}, Drive: d, sum: newSum(d, generators)}
		for i := range generators {
			x.parts = append(x.parts, newPart(x, newMember(x.fleet, i)))
		}
		begun, _ := worker.Machine()
		b.StartTimer()
		for i, payload := range frames {
			if err := x.parts[i%generators].take(payload); err != nil {
				b.Fatal(err)
			}
		}
		if err := x.sum.close(); err != nil {
			b.Fatal(err)
		}
		ended, _ := worker.Machine()
		used += ended - begun
		if p := recorder.Phases(); p[0].Requests[0].OK != n {
			b.Fatalf("%d of %d requests were recorded", p[0].Requests[0].OK, n)
		}
	}
	requests := float64(n) * float64(b.N)
	b.ReportMetric(float64(used.Nanoseconds())/requests, "cpu-ns/request")
	b.ReportMetric(float64(bytes)/float64(n), "results-B/request")
	wire := 0
	for _, payload := range frames {
		wire += len(frame.Append(nil, frame.Events, payload))
	}
	b.ReportMetric(float64(wire)/float64(n), "wire-B/request")
}

// million is a load of so many requests a second.
var million = []*scenarios.Load{{Name: "users", To: "web", Rate: 1e6, Requests: []scenarios.Request{{Send: "GET /"}}}}

// spoken are the frames of generators that tell in turn of so many requests each, and how many requests those are.
func spoken(rounds, generators, each int, exchanges bool) (frames [][]byte, n int64) {
	encoders := make([]*frame.Encoder, generators)
	for i := range encoders {
		encoders[i] = frame.NewEncoder()
	}
	for range rounds {
		for i, e := range encoders {
			at := time.Duration(0)
			for k := range int64(each) {
				seq := n + k*int64(generators) + int64(i)
				at = time.Duration(seq) * 20 * time.Millisecond / time.Duration(each*generators)
				s := record.Sample{Load: "users", Request: "GET /", Seq: uint64(seq), Intended: at, Sent: at + 60*time.Microsecond, Done: at + 900*time.Microsecond + time.Duration(seq%97), Outcome: record.OK, Status: 200}
				e.Sent(s, uint64(seq)/uint64(generators))
				e.Done(s, uint64(seq)/uint64(generators), results.Exchange{Method: "GET", URL: "http://web/", Status: 200, BytesIn: 12}, exchanges)
			}
			frames = append(frames, e.Take(at, nil))
		}
		n += int64(each * generators)
	}
	return frames, n
}
