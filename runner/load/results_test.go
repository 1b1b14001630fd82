package load_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
)

// The vegeta CLI's decoder reads what we write, and its own metrics come to our figures.
func TestResultsAreVegetas(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	closed := &scenarios.Load{Name: "closed", To: "web", Users: 2, Think: &scenarios.Work{Mean: 100 * time.Millisecond}, Requests: []scenarios.Request{{Send: "GET /b/{n}"}}}
	l := open(200)
	l.MaxInFlight = 3 // some stay unsent
	l.Requests[0] = scenarios.Request{Send: "POST /a/{n}", Body: "12345"}
	var n atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		if n.Add(1)%10 == 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = w.Write([]byte("0123456789"))
	})
	got := virtually(t, []*scenarios.Load{l, closed}, 10*time.Second, handler, func(d *runner.Drive, _ *pipes) { d.Results = &buf })
	if got.err != nil {
		t.Fatal(got.err)
	}
	decode := vegeta.NewDecoder(&buf)
	var metrics vegeta.Metrics
	next := map[string]map[uint64]bool{}
	for {
		var r vegeta.Result
		err := decode(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if next[r.Attack] == nil {
			next[r.Attack] = map[uint64]bool{}
		}
		next[r.Attack][r.Seq] = true
		if !strings.HasPrefix(r.URL, "http://web/") || r.BytesIn != 10 {
			t.Fatalf("%+v", r)
		}
		metrics.Add(&r)
	}
	metrics.Close()
	var sent, ok, failed int64
	codes := map[string]int{}
	for _, r := range got.recorder.Phases()[0].Requests {
		sent += r.Sent - r.Unsent
		ok += r.OK
		failed += r.Failed - r.Unsent
	}
	codes["200"], codes["502"] = int(ok), int(failed)
	if int64(metrics.Requests) != sent || got.generator.Unsent == 0 {
		t.Errorf("vegeta counts %d requests, we %d (and %d unsent)", metrics.Requests, sent, got.generator.Unsent)
	}
	if diff := cmp.Diff(codes, metrics.StatusCodes); diff != "" {
		t.Errorf("status codes (-ours +vegeta's):\n%s", diff)
	}
	if metrics.Latencies.Mean != 20*time.Millisecond {
		t.Errorf("vegeta's mean latency %v, want 20 ms", metrics.Latencies.Mean)
	}
	for attack, seen := range next { // without gaps, or vegeta plot holds points back
		for i := range uint64(len(seen)) {
			if !seen[i] {
				t.Fatalf("%s: number %d is missing", attack, i)
			}
		}
	}
}

func TestAWriterThatFails(t *testing.T) {
	t.Parallel()
	got := virtually(t, []*scenarios.Load{open(10)}, time.Second, serves(0), func(d *runner.Drive, _ *pipes) { d.Results = failing{} })
	if got.err == nil || len(got.samples) != 10 {
		t.Errorf("%d samples, error %v; want all 10 and the writer's error", len(got.samples), got.err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("disk full") }
