package virtual_test

import (
	"container/heap"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// What queues must do by theory, at one service of mean 10 ms. A tolerance is four standard deviations of what is compared
// (more for quantiles), by how many requests there are: the default is some seconds. SQUALL_REQUESTS makes more: the mean at
// .5, .8 and .9 is held to 2 % with 300 thousand, 3.2 million and 14.4 million of them, at some 50 thousand a second.
// The service times that are inferred from every request are held more closely, as they don't depend on one another.
const (
	service = 10 * time.Millisecond
	s       = float64(service) / float64(time.Millisecond)
)

// requests is how many each comparison takes. Runs with -short, as those under the race detector, leave them out.
func requests(t testing.TB) float64 {
	if testing.Short() {
		t.Skip("simulates many requests; not with -short")
	}
	n := float64(fewest)
	if text := os.Getenv("SQUALL_REQUESTS"); text != "" {
		var err error
		if n, err = strconv.ParseFloat(text, 64); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func exponential() *scenarios.Work { return &scenarios.Work{Mean: service, Shape: "exponential"} }
func constant() *scenarios.Work    { return &scenarios.Work{Mean: service} }

// single is one service that does one step, under one load.
func single(n scenarios.Node, step scenarios.Step, l scenarios.Load, count float64) *scenarios.Scenario {
	n.Name, n.Kind = "server", scenarios.KindService
	n.Endpoints = []*scenarios.Endpoint{{Match: "GET /", Steps: []scenarios.Step{step}}}
	return under(l, count, &n)
}

// under is a topology under one load, which talks to its first node, for so many requests.
func under(l scenarios.Load, count float64, nodes ...*scenarios.Node) *scenarios.Scenario {
	l.Name, l.To, l.Requests = "users", nodes[0].Name, []scenarios.Request{{Send: "GET /"}}
	l.Timeout, l.MaxInFlight = time.Hour, 1e6
	rate := l.Rate
	if l.Users > 0 {
		rate = 100
	}
	return &scenarios.Scenario{
		Name: "closed form", Nodes: nodes, Loads: []*scenarios.Load{&l}, WarmUp: new(time.Minute),
		Phases: []*scenarios.Phase{{Name: "only", For: time.Duration(count / rate * float64(time.Second))}},
	}
}

// poisson and paced are open loads that use a server of 10 ms to the share rho.
func poisson(rho float64) scenarios.Load {
	return scenarios.Load{Rate: 1000 / s * rho, Arrivals: "poisson"}
}

func paced(rho float64) scenarios.Load { return scenarios.Load{Rate: 1000 / s * rho} }

// noise is the standard deviation of the mean time in an M/M/1 queue over n requests, as a share of it: of the
// waits (Daley 1968: they are correlated, ever more so near saturation) and of the service times.
func noise(rho, n float64) float64 {
	waits := rho * (2 + rho*(5+rho*(rho-4))) / math.Pow(1-rho, 4)
	return math.Sqrt((waits+1)/n) * (1 - rho)
}

// near wants got within a share of want.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	off := got/want - 1
	t.Logf("%-28s %10.3f, theory %10.3f: %+.2f%% (allowed: %.2f%%)", what, got, want, 100*off, 100*tolerance)
	if math.Abs(off) > tolerance {
		t.Errorf("%s is %.3f, want %.3f within %.2f%%", what, got, want, 100*tolerance)
	}
}

// measured is the only kind of request of the only phase.
func measured(t *testing.T, r *record.Result) record.Request {
	t.Helper()
	one := r.Phases[0].Requests[0]
	if one.Unsent > 0 {
		t.Errorf("%d unsent", one.Unsent)
	}
	return one
}

func TestSingleServer(t *testing.T) {
	n := requests(t)
	for _, test := range []struct {
		name           string
		work           *scenarios.Work
		load           func(float64) scenarios.Load
		rho            float64
		mean, p50, p99 float64
		// calm is how much less its noise is than that of M/M/1, whose formula is used: at most this much.
		calm float64
	}{
		{"M/M/1 at .5", exponential(), poisson, .5, 20, 13.863, 92.10, 1},
		{"M/M/1 at .8", exponential(), poisson, .8, 50, 34.657, 230.26, 1},
		{"M/M/1 at .9", exponential(), poisson, .9, 100, 69.315, 460.52, 1},
		{"M/D/1 at .5", constant(), poisson, .5, 15, 10, 43.36, 1},
		{"M/D/1 at .8", constant(), poisson, .8, 30, 22.76, 113.56, 1},
		{"M/D/1 at .9", constant(), poisson, .9, 55, 40.13, 228.98, 1},
		{"D/M/1 at .5", exponential(), paced, .5, 12.55, 8.70, 57.79, 1},
		{"D/M/1 at .8", exponential(), paced, .8, 26.93, 18.66, 124.00, 1},
		{"D/M/1 at .9", exponential(), paced, .9, 51.79, 35.90, 238.49, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 4)
			t.Parallel()
			result, samples := tapped(t, single(scenarios.Node{Workers: 1}, scenarios.Step{Work: test.work}, test.load(test.rho), n), 1)
			r := measured(t, result)
			sd := noise(test.rho, n) * test.calm
			near(t, "mean", r.LatencyMs.Mean, test.mean, 4*sd)
			near(t, "p50", r.LatencyMs.P50, test.p50, 6*sd+.002)
			near(t, "p99", r.LatencyMs.P99, test.p99, 10*sd)
			edge := result.Phases[0].Edges[0] // a bucket's middle is .4 % off at most
			near(t, "p50 of the edge", edge.AnswerMs.P50, test.p50, 6*sd+.006)
			near(t, "p99 of the edge", edge.AnswerMs.P99, test.p99, 10*sd+.004)
			// Those of the users are of the requests that began in the phase, the edge's of those answered in it.
			near(t, "p99 of both sides", edge.AnswerMs.P99, r.LatencyMs.P99, .006+sd/4)
			if *edge.PairAnswerMs != *edge.AnswerMs {
				t.Errorf("the only edge of its nodes is not all of them: %+v, %+v", *edge.AnswerMs, *edge.PairAnswerMs)
			}
			inferred(t, samples, 1, test.work.Shape == "exponential", n)
			if g := result.Generator; g.LagMs.Max != 0 {
				t.Errorf("the generator was late: %+v", g.LagMs)
			}
		})
	}
}

// A service time by its coefficient of variation in a queue with one server (M/G/1): the mean time of a request is by
// Pollaczek and Khinchine s + rho s (1 + cv^2) / (2 (1 - rho)). What the waits' noise is for more spread
// than M/M/1's goes by cv; internal/chance holds the same formula to 2 % over eight million requests.
func TestSingleServerByCV(t *testing.T) {
	n := requests(t)
	for _, cv := range []float64{0, .5, 1, 2} {
		t.Run(strconv.FormatFloat(cv, 'g', 2, 64), func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 4)
			t.Parallel()
			const rho = .5
			work := &scenarios.Work{Mean: service, CV: &cv}
			result, _ := tapped(t, single(scenarios.Node{Workers: 1}, scenarios.Step{Work: work}, poisson(rho), n), 1)
			near(t, "mean", measured(t, result).LatencyMs.Mean, s+rho*s*(1+cv*cv)/(2*(1-rho)), 4*noise(rho, n)*max(1, cv))
		})
	}
}

func TestManyServers(t *testing.T) {
	n := requests(t)
	for _, test := range []struct {
		c   int
		rho float64
	}{{2, .8}, {4, .5}, {4, .8}, {4, .9}, {8, .9}, {16, .8}} {
		t.Run("M/M/"+strconv.Itoa(test.c)+" at "+strconv.FormatFloat(test.rho, 'g', 2, 64), func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 4)
			t.Parallel()
			load := poisson(test.rho)
			load.Rate *= float64(test.c)
			result, samples := tapped(t, single(scenarios.Node{Workers: test.c}, scenarios.Step{Work: exponential()}, load, n), 1)
			r := measured(t, result)
			sd := noise(test.rho, n) // of one server: an upper bound
			near(t, "mean", r.LatencyMs.Mean, s+erlangC(test.c, test.rho)*s/(float64(test.c)*(1-test.rho)), 4*sd)
			near(t, "p50", r.LatencyMs.P50, mmcQuantile(test.c, test.rho, .5), 6*sd+.01)
			near(t, "p99", r.LatencyMs.P99, mmcQuantile(test.c, test.rho, .99), 10*sd)
			inferred(t, samples, test.c, true, n)
		})
	}
}

// M/M/1/K: one is served, K-1 wait, the rest is shed at once.
func TestShedding(t *testing.T) {
	n := requests(t)
	for _, test := range []struct {
		rho        float64
		k          int
		shed, mean float64
		p99        float64
	}{
		{.8, 10, .0235, 37.97, 136.97},
		{1, 10, .0909, 55.00, 156.06},
		{1.2, 10, .1926, 69.26, 166.68},
		{1.2, 20, .1704, 155.36, 291.96},
		{2, 10, .5002, 90.10, 179.82},
	} {
		t.Run("rho "+strconv.FormatFloat(test.rho, 'g', 2, 64)+", K "+strconv.Itoa(test.k), func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 4)
			t.Parallel()
			_, samples := tapped(t, single(scenarios.Node{Workers: 1, Service: scenarios.Service{Queue: new(test.k - 1)}}, scenarios.Step{Work: exponential()}, poisson(test.rho), n), 1)
			var accepted []float64
			shed := 0
			for _, one := range samples {
				switch took := one.Done - one.Intended; {
				case one.Status == 503 && ms(took) <= ms(crossings):
					shed++
				case one.Status == 200:
					accepted = append(accepted, ms(took))
				default:
					t.Fatalf("%+v", one)
				}
			}
			// States last for some K services: that many requests say as much as one.
			sd := math.Sqrt(float64(test.k) * 4 / n)
			near(t, "shed", float64(shed)/float64(len(samples)), test.shed, .005+sd/math.Sqrt(test.shed))
			near(t, "mean of accepted", mean(accepted), test.mean, 2*sd)
			slices.Sort(accepted)
			near(t, "p99 of accepted", accepted[len(accepted)*99/100], test.p99, 2*sd)
		})
	}
}

// A closed loop: N users think for 90 ms and wait for 10 ms of service, both exponential. By mean value analysis.
func TestClosedLoop(t *testing.T) {
	n := requests(t)
	for _, users := range []int{5, 8, 10, 20} {
		wantMean, wantRate := mva(users, 90)
		t.Run(strconv.Itoa(users)+" users", func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 4)
			t.Parallel()
			load := scenarios.Load{Users: users, Think: &scenarios.Work{Mean: 90 * time.Millisecond, Shape: "exponential"}}
			result, _ := tapped(t, single(scenarios.Node{Workers: 1}, scenarios.Step{Work: exponential()}, load, n), 1)
			r := measured(t, result)
			sd := math.Sqrt(float64(users) / n)
			near(t, "mean", r.LatencyMs.Mean, wantMean, 4*sd)
			near(t, "rate", r.Rate, wantRate, 2*sd)
		})
	}
}

// Processor sharing: the mean is s/(1-rho) whatever the distribution of the service time.
func TestComputeSharesTheCPU(t *testing.T) {
	n := requests(t)
	for _, shape := range []string{"constant", "exponential", "uniform", "lognormal"} {
		for _, rho := range []float64{.5, .8} {
			t.Run(shape+" at "+strconv.FormatFloat(rho, 'g', 2, 64), func(t *testing.T) {
				breadth.Today(t, breadth.Name(t), 4)
				t.Parallel()
				step := scenarios.Step{Compute: &scenarios.Work{Mean: service, Shape: shape}}
				result, _ := tapped(t, single(scenarios.Node{Workers: 1e5}, step, poisson(rho), n), 1)
				near(t, "mean", measured(t, result).LatencyMs.Mean, s/(1-rho), 4*noise(rho, n))
				near(t, "cores used", result.Nodes[0].Counters["cpu_seconds_total"]/result.DurationS, rho, .005+4/math.Sqrt(n))
			})
		}
	}
}

// A request that needs the slowest of n parallel steps: no queues, so the mean is the n-th harmonic number of service times.
func TestFanOut(t *testing.T) {
	n := requests(t) / 4
	for width, want := range map[int]float64{2: 15, 5: 22.83, 10: 29.29} {
		t.Run(strconv.Itoa(width), func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 4)
			t.Parallel()
			step := scenarios.Step{}
			for range width {
				step.Parallel = append(step.Parallel, scenarios.Step{Work: exponential()})
			}
			result, _ := tapped(t, single(scenarios.Node{Workers: 1e5}, step, poisson(1), n), 1)
			r := measured(t, result)
			near(t, "mean", r.LatencyMs.Mean, want, 4/math.Sqrt(n))
			// P(max <= t) = (1-exp(-t/s))^n
			near(t, "p99", r.LatencyMs.P99, -s*math.Log(1-math.Pow(.99, 1/float64(width))), 20/math.Sqrt(n))
		})
	}
}

// A fork to two queues and the join of both answers, over real calls: (12-rho)/8 of one queue's mean (Nelson and Tantawi).
func TestForkJoin(t *testing.T) {
	n := requests(t) / 4
	const rho = .8
	part := func(name string) *scenarios.Node {
		return &scenarios.Node{Name: name, Kind: scenarios.KindService, Workers: 1, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
			{Match: "GET /", Steps: []scenarios.Step{{Work: exponential()}}}}}}
	}
	call := func(name string) scenarios.Step {
		return scenarios.Step{Call: &scenarios.Call{Node: name, Method: "GET", Path: "/"}}
	}
	front := &scenarios.Node{Name: "front", Kind: scenarios.KindService, Workers: 1e5, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
		{Match: "GET /", Steps: []scenarios.Step{{Parallel: []scenarios.Step{call("left"), call("right")}}}}}}}
	result, _ := tapped(t, under(poisson(rho), n, front, part("left"), part("right")), 1)
	near(t, "mean", measured(t, result).LatencyMs.Mean, (12-rho)/8*s/(1-rho), 4*noise(rho, n))
}

// Two queues one after the other: what leaves the first is Poisson (Burke), so each is an M/M/1 queue by itself, and the time in both
// is the sum of two independent exponential ones.
func TestTandem(t *testing.T) {
	n := requests(t)
	part := func(name string) *scenarios.Node {
		return &scenarios.Node{Name: name, Kind: scenarios.KindService, Workers: 1, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
			{Match: "GET /", Steps: []scenarios.Step{{Work: exponential()}}}}}}
	}
	call := func(name string) scenarios.Step {
		return scenarios.Step{Call: &scenarios.Call{Node: name, Method: "GET", Path: "/"}}
	}
	for rho, p99 := range map[float64]float64{.5: 132.77, .8: 331.92} {
		t.Run(strconv.FormatFloat(rho, 'g', 2, 64), func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 4)
			t.Parallel()
			front := &scenarios.Node{Name: "front", Kind: scenarios.KindService, Workers: 1e5, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "GET /", Steps: []scenarios.Step{call("first"), call("second")}}}}}
			result, _ := tapped(t, under(poisson(rho), n, front, part("first"), part("second")), 1)
			r := measured(t, result)
			near(t, "mean", r.LatencyMs.Mean, 2*s/(1-rho), 4*noise(rho, n))
			near(t, "p99", r.LatencyMs.P99, p99, 10*noise(rho, n))
		})
	}
}

// erlangC is the probability that a request waits for one of c servers that are used to the share rho.
func erlangC(c int, rho float64) float64 {
	blocked, a := 1., rho*float64(c)
	for k := 1; k <= c; k++ {
		blocked = a * blocked / (float64(k) + a*blocked)
	}
	return blocked / (1 - rho*(1-blocked))
}

// mmcQuantile is a quantile of the time in an M/M/c queue, in ms.
func mmcQuantile(c int, rho, q float64) float64 {
	waits, mu := erlangC(c, rho), 1/s
	theta := float64(c) * mu * (1 - rho) // of the wait, which is exponential where there is one
	low, high := 0., 1e6
	for range 100 {
		at := (low + high) / 2
		tail := (1-waits)*math.Exp(-mu*at) + waits*(theta*math.Exp(-mu*at)-mu*math.Exp(-theta*at))/(theta-mu)
		if tail > 1-q {
			low = at
		} else {
			high = at
		}
	}
	return low
}

// mva is the mean time at one server (ms) and the throughput (1/s) of a closed loop.
func mva(users int, think float64) (took, rate float64) {
	there := 0.
	for n := range users {
		took = s * (1 + there)
		rate = float64(n+1) / (took + think)
		there = rate * took
	}
	return took, rate * 1000
}

// inferred finds each request's service time from when it came and when the c servers, which take requests in order, can have
// begun with it, and holds these times to their distribution. They are independent, as waits are not: where they are
// right, the queue is, to the accuracy of 1 in sqrt(n).
func inferred(t *testing.T, samples []record.Sample, c int, exponential bool, n float64) {
	t.Helper()
	slices.SortFunc(samples, func(a, b record.Sample) int { return int(a.Intended - b.Intended) })
	var busy durations
	var times []float64
	for i, one := range samples {
		began := one.Intended
		if len(busy) == c {
			began = max(began, heap.Pop(&busy).(time.Duration))
		}
		if one.Done < began {
			t.Fatalf("request %d was done at %v, before a server could begin with it at %v", i, one.Done, began)
		}
		heap.Push(&busy, one.Done)
		times = append(times, ms(one.Done-began))
	}
	if !exponential {
		for i, took := range times[c:] {
			if math.Abs(took-s) > ms(crossings) {
				t.Fatalf("request %d took %v ms of service, want %v", i, took, s)
			}
		}
		return
	}
	near(t, "mean of service times", mean(times), s, 4/math.Sqrt(n))
	slices.Sort(times)
	worst := 0.
	for i, took := range times {
		worst = max(worst, math.Abs(float64(i)/float64(len(times))-(1-math.Exp(-took/s))))
	}
	if limit := 1.95 / math.Sqrt(float64(len(times))); worst > limit { // Kolmogorov and Smirnov, 1 in 1000
		t.Errorf("service times are off an exponential distribution by %.5f, allowed: %.5f", worst, limit)
	}
}

type durations []time.Duration

func (d durations) Len() int           { return len(d) }
func (d durations) Less(i, j int) bool { return d[i] < d[j] }
func (d durations) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *durations) Push(x any)        { *d = append(*d, x.(time.Duration)) }
func (d *durations) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	*d = (*d)[:last]
	return x
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mean(of []float64) float64 {
	sum := 0.
	for _, x := range of {
		sum += x
	}
	return sum / float64(len(of))
}
