package spawn_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/remote"
	"github.com/squallhq/squall/runner/load/spawn"
	"github.com/squallhq/squall/runner/load/worker"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Roles that the test's own program plays in processes of their own.
const (
	roleEnv   = "SQUALL_SPAWN_TEST"
	generator = "generator"
	server    = "server"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case generator:
		err := worker.Serve(context.Background(), standard{}, worker.Options{Loader: load.New(load.Options{FineWait: true}), Squall: "test", Machine: worker.Machine})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
	case server:
		serve()
	default:
		os.Exit(m.Run())
	}
}

type standard struct{}

func (standard) Read(b []byte) (int, error)  { return os.Stdin.Read(b) }
func (standard) Write(b []byte) (int, error) { return os.Stdout.Write(b) }

// serve answers every request with the same words, as cheaply as can be, so that who sends is what there is to measure.
func serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			b := make([]byte, 4096)
			for {
				n, err := c.Read(b)
				if err != nil {
					return
				}
				if bytes.HasSuffix(b[:n], []byte("\r\n\r\n")) { // requests here are never in two parts
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}
		}()
	}
}

func startServer(tb testing.TB) (address string) {
	tb.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), roleEnv+"="+server)
	in, err := c.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	return line[:len(line)-1]
}

// children are so many generators in processes of their own, each with so many processors; 0: one in this process.
func children(generators, processors int) (l runner.Loader, done func()) {
	if generators == 0 {
		was := runtime.GOMAXPROCS(processors)
		return load.New(load.Options{FineWait: true}), func() { runtime.GOMAXPROCS(was) }
	}
	for name, value := range map[string]string{roleEnv: generator, "GOMAXPROCS": fmt.Sprint(processors)} {
		_ = os.Setenv(name, value)
	}
	s := spawn.New(spawn.Options{Exe: os.Args[0], Args: []string{"--"}})
	return remote.New(remote.Options{Generators: generators, Start: s.Start, Done: s.Close, Squall: "test"}), func() {
		_ = os.Unsetenv(roleEnv)
		_ = os.Unsetenv("GOMAXPROCS")
	}
}

// drive drives a rate at a server for a while; 0: 64 users who never think.
func drive(tb testing.TB, l runner.Loader, address string, rate float64, length time.Duration) (runner.Driven, *record.Recorder) {
	tb.Helper()
	users := 0
	if rate == 0 {
		users = 64
	}
	recorder := record.NewRecorder([]record.Span{{Name: "all", End: length}})
	d := runner.Drive{
		Order: order.Order{
			Loads: []*scenarios.Load{{Name: "users", To: "web", Rate: rate, Users: users, Requests: []scenarios.Request{{Send: "GET /"}}}},
			Until: length, Edges: map[string][]order.Edge{"users": {{Name: "users:web-1", To: "web", Address: address}}}, Exchanges: true,
		},
		Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		},
		Record: recorder.Add, Results: io.Discard,
	}
	if staged, is := l.(runner.Staged); is {
		inner, stop, err := staged.Stage(context.Background(), runner.Stage{Run: fmt.Sprintf("bench-%d", time.Now().UnixNano()), Order: d.Order})
		if err != nil {
			tb.Fatal(err)
		}
		defer stop(context.Background())
		l = inner
	}
	d.Zero = time.Now().Add(100 * time.Millisecond)
	got, err := l.Drive(context.Background(), d)
	if err != nil {
		tb.Fatal(err)
	}
	return got, recorder
}

// contenders are ways to drive a load.
var contenders = []struct {
	name                   string
	generators, processors int
}{
	{"inside-on-1", 0, 1}, {"1-on-1", 1, 1}, {"2-on-1-each", 2, 1}, {"inside", 0, runtime.NumCPU()}, {"2", 2, runtime.NumCPU()},
}

// The highest rate, in steps of 2,000 a second, that keeps its schedule for 2 s: everything sent, lag p99 below 20 ms at each generator. A step gets
// two tries, as the machine may be busy elsewhere. Of generators with one processor each, two are to manage more than one: ratio says how much.
//
//	go test -run '^$' -bench HighestRate -benchtime 3x ./runner/load/spawn
func BenchmarkHighestRate(b *testing.B) {
	b.Setenv("SQUALL_STATE", b.TempDir())
	highest := map[string][]float64{}
	var ratios []float64
	const length = 2 * time.Second
	for b.Loop() {
		last := map[string]float64{}
		for _, c := range contenders {
			honest := func(rate float64) bool {
				for range 2 {
					address := startServer(b)
					l, done := children(c.generators, c.processors)
					got, _ := drive(b, l, address, rate, length)
					done()
					late := got.LagMs.P99
					for _, g := range got.Each {
						late = max(late, g.LagMs.P99)
					}
					if late < 20 && float64(got.Sent) >= .999*rate*length.Seconds() {
						return true
					}
				}
				return false
			}
			rate := 2000.
			for rate < 80_000 && honest(rate+2000) {
				rate += 2000
			}
			last[c.name] = rate
			highest[c.name] = append(highest[c.name], rate)
		}
		ratios = append(ratios, last["2-on-1-each"]/last["1-on-1"])
	}
	for name, rates := range highest {
		b.ReportMetric(median(rates), name+"-req/s")
	}
	b.ReportMetric(median(ratios), "ratio-2/1")
}

// CPU time for a request, at 4,000 a second: of the generators, and of the conductor that hears them and records.
func BenchmarkCost(b *testing.B) {
	b.Setenv("SQUALL_STATE", b.TempDir())
	theirs, ours := map[string][]float64{}, map[string][]float64{}
	for b.Loop() {
		for _, c := range contenders {
			address := startServer(b)
			l, done := children(c.generators, c.processors)
			begun, _ := worker.Machine()
			got, _ := drive(b, l, address, 4000, 3*time.Second)
			used, _ := worker.Machine()
			done()
			each := float64(time.Microsecond) * float64(got.Sent)
			ours[c.name] = append(ours[c.name], float64(used-begun)/each)
			if got.Figures.CPU != nil {
				theirs[c.name] = append(theirs[c.name], float64(*got.Figures.CPU)/each)
			}
		}
	}
	for name := range ours {
		b.ReportMetric(median(ours[name]), name+"-own-us/req")
		if theirs[name] != nil {
			b.ReportMetric(median(theirs[name]), name+"-generators-us/req")
		}
	}
}

// What generators with one processor each can send: 64 users who never think keep it busy, and requests are counted by the CPU time that they took,
// which is the same on a machine that is busy elsewhere. Two on two processors are to manage more than one on one: ratio says how much by
// that, rate-ratio by the clock on the wall (where the machine had two processors to give, and the server needed none of them).
func BenchmarkSaturated(b *testing.B) {
	b.Setenv("SQUALL_STATE", b.TempDir())
	per, rates := map[int][]float64{}, map[int][]float64{}
	var ratios, rateRatios, own []float64
	for b.Loop() {
		for _, n := range []int{1, 2} {
			address := startServer(b)
			l, done := children(n, 1)
			begun, _ := worker.Machine()
			got, _ := drive(b, l, address, 0, 3*time.Second)
			used, _ := worker.Machine()
			done()
			per[n] = append(per[n], float64(n)*float64(got.Sent)/got.Figures.CPU.Seconds())
			rates[n] = append(rates[n], got.AchievedRate)
			own = append(own, float64(used-begun)/float64(time.Microsecond)/float64(got.Sent))
		}
		last := len(per[1]) - 1
		ratios, rateRatios = append(ratios, per[2][last]/per[1][last]), append(rateRatios, rates[2][last]/rates[1][last])
	}
	b.ReportMetric(median(per[1]), "1-req/s")
	b.ReportMetric(median(per[2]), "2-req/s")
	b.ReportMetric(median(ratios), "ratio-2/1")
	b.ReportMetric(median(rateRatios), "rate-ratio-2/1")
	b.ReportMetric(median(own), "conductor-us/req")
}

func median(xs []float64) float64 {
	slices.Sort(xs)
	return xs[len(xs)/2]
}
