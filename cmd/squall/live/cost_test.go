package live

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report/scrape"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/process"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

// BenchmarkLooking has 1,000 requests a second for 8 s with nobody who could look, with doors that nobody comes through, and with the page open while
// ctl and Prometheus ask once a second, in turns: what each takes of the processor for a request in the process of the run, which drives the load and
// draws, against the first; what was not sent; and how late 99 % were at the most.
func BenchmarkLooking(b *testing.B) {
	b.Setenv("SQUALL_STATE", b.TempDir())
	ways := []string{"closed", "unseen", "seen"}
	cpu, late, unsent := map[string]float64{}, map[string]float64{}, int64(0)
	for n := range b.N {
		for i := range ways {
			way := ways[(n+i)%len(ways)]
			took, g := timed(b, way)
			cpu[way] += took.Seconds() * 1e6 / float64(g.Intended)
			late[way] = max(late[way], g.LagMs.P99)
			unsent += g.Unsent
		}
	}
	b.ReportMetric(cpu["closed"]/float64(b.N), "µs/request")
	for _, way := range ways[1:] {
		b.ReportMetric(cpu[way]/cpu["closed"], way+"/closed")
	}
	for _, way := range ways {
		b.ReportMetric(late[way], way+"-p99-ms-late")
	}
	b.ReportMetric(float64(unsent), "unsent")
	b.ReportMetric(0, "ns/op") // each takes its 8 s
}

// timed makes a run, and returns how long this process was on the processor for it.
func timed(b *testing.B, way string) (time.Duration, record.Generator) {
	b.Helper()
	doc, err := language.Parse("busy.yaml", []byte(busy), "")
	if err != nil {
		b.Fatal(err)
	}
	plan, err := doc.Plan(1)
	if err != nil {
		b.Fatal(err)
	}
	o := runner.Options{Plan: plan, Engine: process.New(process.Options{Exe: squallbin.Path(b)}), Run: "bench-" + way, Dir: b.TempDir(),
		Loader: load.New(load.Options{FineWait: true})}
	if way != "closed" {
		o.Hands = &runner.Hands{}
		defer open(b, o, way == "seen")()
	}
	before := onProcessor(b)
	res, err := runner.Run(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	return onProcessor(b) - before, res.Generator
}

// open opens the doors of a run, and has people look through them until shut is called.
func open(b *testing.B, o runner.Options, looked bool) (shut func()) {
	b.Helper()
	by := control.Options{Run: o.Run, Scenario: "busy", Dir: o.Dir, Hands: o.Hands, Plan: o.Plan, Metrics: scrape.Handler(o.Hands.Record)}
	page, err := Serve(Options{Control: by, Edges: o.Plan.Edges})
	if err != nil {
		b.Fatal(err)
	}
	closed, err := control.Serve(by)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var people sync.WaitGroup
	if looked {
		people.Go(func() { watches(ctx, page) })
		people.Go(func() { asks(ctx, o.Dir) })
	}
	return func() {
		cancel()
		people.Wait()
		page.Close()
		_ = closed()
	}
}

// watches takes what the page brings.
func watches(ctx context.Context, p *Page) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/events", nil)
	if err != nil {
		return
	}
	r.AddCookie(&http.Cookie{Name: p.cookie, Value: p.look})
	if response, err := http.DefaultClient.Do(r); err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}

// asks as squall ctl status and Prometheus do, each second.
func asks(ctx context.Context, dir string) {
	var at control.Address
	if data, err := os.ReadFile(filepath.Join(dir, control.File)); err != nil || json.Unmarshal(data, &at) != nil {
		return
	}
	for tick := time.NewTicker(time.Second); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return
		}
		for _, path := range []string{"/v1/status", "/metrics"} {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.URL+path, nil)
			if err != nil {
				return
			}
			r.Header.Set("Authorization", "Bearer "+at.Token)
			if response, err := http.DefaultClient.Do(r); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		}
	}
}

// onProcessor is how long this process was until now.
func onProcessor(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
