package exposed

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const page = `# HELP jobs_done_total Jobs.
# TYPE jobs_done_total counter
jobs_done_total{queue="a \"b\"\\c",kind="x"} 12
jobs_done_total{kind="y"} 3e2 1395066363000
# TYPE cx counter
cx 7
# TYPE sessions_count gauge
sessions_count 4
# TYPE depth gauge
depth 0
lost NaN
endless +Inf
plain_total 5
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 1
took_seconds_bucket{le="+Inf"} 3
took_seconds_sum 1.5
took_seconds_count 3
# TYPE paused_seconds summary
paused_seconds{quantile="0.5"} 0.25
paused_seconds{quantile="0.9"} NaN
paused_seconds_sum 2
paused_seconds_count 8
squall_requests_total 99
cpu_seconds_total 1
`

func TestParse(t *testing.T) {
	t.Parallel()
	var r Reader
	got, err := r.Parse([]byte(page))
	if err != nil {
		t.Fatal(err)
	}
	want := Reading{
		Counters: map[string]float64{
			`jobs_done_total{kind="x",queue="a \"b\"\\c"}`: 12, `jobs_done_total{kind="y"}`: 300, "cx": 7, "sessions_count": 4, "depth": 0, "plain_total": 5,
			"took_seconds_sum": 1.5, "took_seconds_count": 3, `paused_seconds{quantile="0.5"}`: 0.25, "paused_seconds_sum": 2, "paused_seconds_count": 8,
		},
		Types:   map[string]string{"cx": "counter", "sessions_count": "gauge"},
		LeftOut: []string{"cpu_seconds_total", "squall_requests_total", "took_seconds_bucket"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestKeepChooses(t *testing.T) {
	t.Parallel()
	r := Reader{Keep: []string{"took_seconds", "jobs_*", "later", "nowhere"}}
	got, err := r.Parse([]byte(page))
	if err != nil {
		t.Fatal(err)
	}
	want := Reading{
		Counters: map[string]float64{
			`jobs_done_total{kind="x",queue="a \"b\"\\c"}`: 12, `jobs_done_total{kind="y"}`: 300, "took_seconds_sum": 1.5, "took_seconds_count": 3,
		},
		Types: map[string]string{}, Absent: []string{"later", "nowhere"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err = r.Parse([]byte("later 1\n")); err != nil || got.Counters["later"] != 1 || len(got.Absent) != 1 || len(got.Counters) != 1 {
		t.Errorf("then: %+v, %v", got, err)
	}
	buckets := Reader{Keep: []string{"*_bucket"}}
	if got, err = buckets.Parse([]byte(page)); err != nil || len(got.Counters) != 2 || got.Counters[`took_seconds_bucket{le="+Inf"}`] != 3 || got.Types["took_seconds_bucket"] != "counter" {
		t.Errorf("buckets: %+v, %v", got, err)
	}
}

func TestNoMoreThanThereIsRoomFor(t *testing.T) {
	t.Parallel()
	var r Reader
	many := func(from, to int) string {
		var b strings.Builder
		for n := from; n < to; n++ {
			fmt.Fprintf(&b, "own_%03d 1\n", n)
		}
		return b.String()
	}
	got, err := r.Parse([]byte("go_threads 5\n" + many(50, 50+Most) + "long{a=\"" + strings.Repeat("x", mostName) + "\"} 1\n"))
	if err != nil || len(got.Counters) != Most || got.Counters["own_050"] != 1 {
		t.Fatalf("%d series, %v", len(got.Counters), err)
	}
	if diff := cmp.Diff([]string{"go_threads", "long"}, got.LeftOut); diff != "" {
		t.Errorf("what every program has goes first (-want +got):\n%s", diff)
	}
	// What is chosen stays so, whatever comes before it.
	got, err = r.Parse([]byte(many(0, 300)))
	if err != nil || len(got.Counters) != Most || got.Counters["own_149"] != 1 || len(got.LeftOut) != mostTold+1 || got.LeftOut[mostTold] != "and 100 more" {
		t.Errorf("%d series, left out %v, %v", len(got.Counters), got.LeftOut, err)
	}
}

func TestWhatCanNotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/ok":
			fmt.Fprint(w, page)
		case "/html":
			fmt.Fprint(w, "<html><body>no</body></html>")
		case "/empty":
			fmt.Fprint(w, "# nothing\n")
		case "/away":
			http.Redirect(w, q, "/ok", http.StatusFound)
		case "/huge":
			fmt.Fprint(w, strings.Repeat("a_metric_total 1\n", mostBytes/16))
		case "/slow":
			select {
			case <-gone:
			case <-q.Context().Done():
			}
		default:
			http.NotFound(w, q)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(gone) })
	for path, says := range map[string]string{
		"/ok": "", "/html": "Prometheus' text format", "/empty": "without any metric", "/away": "302 Found", "/huge": "more than 2 MB", "/none": "404 Not Found",
		"/slow": context.DeadlineExceeded.Error(),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if path == "/slow" {
			ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
		}
		var r Reader
		got, err := r.Read(ctx, server.Client(), server.URL+path)
		cancel()
		switch {
		case says == "" && (err != nil || len(got.Counters) != 11):
			t.Errorf("%s: %+v, %v", path, got, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says) || !cmp.Equal(got, Reading{}, cmpopts.EquateEmpty())):
			t.Errorf("%s: %+v, %v, want an error with %q", path, got, err, says)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(page))
	f.Add([]byte("a{b=\"\"} 1\n{\"x.y\"} 2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r Reader
		got, err := r.Parse(text)
		if err == nil && len(got.Counters) > Most {
			t.Errorf("%d series", len(got.Counters))
		}
	})
}
