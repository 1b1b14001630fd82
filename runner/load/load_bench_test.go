package load_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// These benchmarks drive a server in a process of its own, so that the CPU and memory they count are the
// generator's alone. Each iteration drives every contender once, in turn; run them with
//
//	go test -run '^$' -bench . -benchtime 3x ./runner/load
const benchServerEnv = "SQUALL_BENCH_SERVER"

// benchServer is the process under load: it notes when each request arrives.
func benchServer() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	var arrivals []time.Duration
	begun := time.Now()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		at := time.Since(begun)
		mu.Lock()
		arrivals = append(arrivals, at)
		mu.Unlock()
		_, _ = w.Write([]byte("hello, world"))
	})
	mux.HandleFunc("GET /arrivals", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(arrivals)
		_ = json.NewEncoder(w).Encode(arrivals)
		arrivals = arrivals[:0]
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { // it lives as long as the benchmark holds its input open
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Println(listener.Addr())
	_ = server.Serve(listener)
}

func startBenchServer(b *testing.B) (address string, stop func()) {
	b.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), benchServerEnv+"=1")
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	b.Cleanup(stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return line[:len(line)-1], stop
}

// contender drives a constant rate for a while and says how late it sent.
type contender struct {
	name  string
	drive func(b *testing.B, address string, rate int, length time.Duration) (sent int, lagP99 time.Duration)
}

func contenders() []contender {
	return []contender{
		{"squall", func(b *testing.B, a string, rate int, length time.Duration) (int, time.Duration) {
			return squall(b, a, rate, length, true)
		}},
		{"squall-coarse", func(b *testing.B, a string, rate int, length time.Duration) (int, time.Duration) {
			return squall(b, a, rate, length, false)
		}},
		{"vegeta", vegetaItself},
	}
}

func squall(b *testing.B, address string, rate int, length time.Duration, fine bool) (int, time.Duration) {
	b.Helper()
	recorder := record.NewRecorder([]record.Span{{Name: "all", End: length}})
	g, err := load.New(load.Options{FineWait: fine}).Drive(context.Background(), runner.Drive{
		Order: order.Order{
			Loads: []*scenarios.Load{{Name: "users", To: "web", Rate: float64(rate), Requests: []scenarios.Request{{Send: "GET /"}}}},
			Until: length, Edges: map[string][]order.Edge{"users": {{Name: "users:web-1"}}},
		},
		Zero: time.Now(),
		Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		},
		Record: recorder.Add,
	})
	if err != nil {
		b.Fatal(err)
	}
	if r := recorder.Phases()[0].Requests[0]; r.OK != r.Sent {
		b.Logf("squall at %d/s: %+v", rate, r)
	}
	return int(g.Sent), time.Duration(g.LagMs.P99 * float64(time.Millisecond))
}

// vegetaItself is vegeta as its command line uses it: default attacker, constant pacer, Metrics. Its lag is worked out from outside.
func vegetaItself(b *testing.B, address string, rate int, length time.Duration) (int, time.Duration) {
	b.Helper()
	attacker := vegeta.NewAttacker()
	targeter := vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: "http://" + address + "/"})
	lag := record.NewHistogram()
	var metrics vegeta.Metrics
	begun := time.Now()
	for r := range attacker.Attack(targeter, vegeta.ConstantPacer{Freq: rate, Per: time.Second}, length, "") {
		metrics.Add(r)
		intended := begun.Add(time.Duration(r.Seq+1) * time.Second / time.Duration(rate)) // its first hit is one interval late
		record.RecordDuration(lag, r.Timestamp.Sub(intended))
	}
	metrics.Close()
	if metrics.Success < 1 {
		b.Logf("vegeta at %d/s: %+v", rate, metrics.Errors)
	}
	return int(metrics.Requests), record.Quantile(lag, 99)
}

// cpu is the user and system time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median[T cmp.Ordered](xs []T) T {
	slices.Sort(xs)
	return xs[len(xs)/2]
}

// CPU seconds and bytes allocated per 100,000 requests, at 4,000 a second.
func BenchmarkCost(b *testing.B) {
	address, _ := startBenchServer(b)
	seconds, bytes := map[string][]float64{}, map[string][]float64{}
	for b.Loop() {
		for _, c := range contenders() {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := cpu()
			sent, _ := c.drive(b, address, 4000, 3*time.Second)
			used := cpu() - begun
			runtime.ReadMemStats(&after)
			per := 100_000 / float64(sent)
			seconds[c.name] = append(seconds[c.name], used.Seconds()*per)
			bytes[c.name] = append(bytes[c.name], float64(after.TotalAlloc-before.TotalAlloc)*per)
		}
	}
	for name := range seconds {
		b.ReportMetric(median(seconds[name]), name+"-cpu-s/100k")
		b.ReportMetric(median(bytes[name])/1e6, name+"-MB/100k")
	}
}

// How evenly the server sees 2,000 requests a second: the share of gaps within 50 % of 500 us.
func BenchmarkPacing(b *testing.B) {
	address, _ := startBenchServer(b)
	const rate = 2000
	near, lags, seconds := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	for b.Loop() {
		for _, c := range contenders() {
			begun := cpu()
			sent, lag := c.drive(b, address, rate, 3*time.Second)
			seconds[c.name] = append(seconds[c.name], (cpu()-begun).Seconds()*100_000/float64(sent))
			near[c.name] = append(near[c.name], 100*shareNear(arrivalsAt(b, address), time.Second/rate))
			lags[c.name] = append(lags[c.name], float64(lag)/1e6)
		}
	}
	for name := range near {
		b.ReportMetric(median(near[name]), name+"-near-%")
		b.ReportMetric(median(lags[name]), name+"-lag-p99-ms")
		b.ReportMetric(median(seconds[name]), name+"-cpu-s/100k")
	}
}

func arrivalsAt(b *testing.B, address string) []time.Duration {
	b.Helper()
	r, err := http.Get("http://" + address + "/arrivals")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var at []time.Duration
	if err := json.NewDecoder(r.Body).Decode(&at); err != nil {
		b.Fatal(err)
	}
	return at
}

func shareNear(at []time.Duration, gap time.Duration) float64 {
	near := 0
	for i := 1; i < len(at); i++ {
		if d := at[i] - at[i-1]; d > gap/2 && d < gap+gap/2 {
			near++
		}
	}
	return float64(near) / float64(max(len(at)-1, 1))
}

// The highest rate, in steps of 2,000 a second, that keeps its schedule for 2 s: everything sent, lag p99 below 20 ms.
// A step gets two tries, as the machine may be busy elsewhere.
func BenchmarkHighestRate(b *testing.B) {
	highest := map[string][]float64{}
	const length = 2 * time.Second
	for b.Loop() {
		for _, c := range contenders() {
			honest := func(rate int) bool {
				for range 2 {
					address, stop := startBenchServer(b) // a new one, as a failed try leaves it thousands of connections to clean up
					sent, lag := c.drive(b, address, rate, length)
					stop()
					if lag < 20*time.Millisecond && float64(sent) >= 0.999*float64(rate)*length.Seconds() {
						return true
					}
				}
				return false
			}
			rate := 2000
			for rate < 40_000 && honest(rate+2000) {
				rate += 2000
			}
			highest[c.name] = append(highest[c.name], float64(rate))
		}
	}
	for name, rates := range highest {
		b.ReportMetric(median(rates), name+"-req/s")
	}
}
