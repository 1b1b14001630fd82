package gameday

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// short is a run of three phases, on which people do whatever comes to their minds.
const short = `scenario: short
topology:
  shop: {kind: service, replicas: 2, endpoints: {"GET /x": [{call: stock GET /y, timeout: 300ms}]}}
  stock: {kind: service, endpoints: {"GET /y": [{work: 1ms}]}}
load:
  users: {to: shop, rate: 20/s, timeout: 1s, requests: [{send: GET /x}]}
warm_up: 100ms
phases:
  - {name: one, for: 1s}
  - {name: two, for: 1s, faults: [{latency: 5ms, on: shop -> stock}]}
  - {name: three, for: 1s}
`

// interleavings is how many runs people do things to at random: a few, or as many as SQUALL_INTERLEAVINGS says.
func interleavings(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SQUALL_INTERLEAVINGS")
	if text == "" {
		return 4
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Whatever people do to a real run, at whatever moments and however many at once, nothing of it stays on, and the record has each act with its
// end: acts, expiries, clears, holds, leaps and aborts.
func TestWhatPeopleDoByChance(t *testing.T) {
	for seed := range interleavings(t) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := beginWith(t, "process", short)
			client := s.client()
			var people sync.WaitGroup
			told := make([]int, 3)
			for person := range told {
				people.Go(func() { told[person] = s.actAtRandom(client, uint64(seed), uint64(person)) })
			}
			_ = s.run.Wait()
			people.Wait()
			s.wantAllUndone(told[0] + told[1] + told[2])
		})
	}
}

// client is that of the run, once it takes orders.
func (s *session) client() *control.Client {
	s.t.Helper()
	s.await("on its way", func(control.Standing) bool { return true })
	client, err := control.Find(s.out)
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// actAtRandom does what chance says until the run is over, and returns how many faults it was told are on.
func (s *session) actAtRandom(client *control.Client, seed, person uint64) (told int) {
	chance := rand.New(rand.NewPCG(seed, person))
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	faults := []string{
		"latency: 20ms, on: shop -> stock", "errors: 50%, on: stock", "refuse: shop -> stock", "pause: shop-1", "crash: shop-2", "latency: 5ms, on: users -> shop",
		"blackhole: shop -> stock", "slow: 5ms, on: stock",
	}
	for {
		asked := control.Asked{Who: fmt.Sprint("person ", person), For: fmt.Sprint(50+chance.IntN(1500), "ms")}
		verb := []string{"inject", "inject", "inject", "inject", "clear", "clear", "hold", "go", "go", "next", "skip", "note", "load", "abort"}[chance.IntN(14)]
		switch verb {
		case "inject":
			asked.Fault = faults[chance.IntN(len(faults))]
		case "clear":
			asked.Act, asked.For = chance.IntN(4), ""
		case "hold":
		case "load":
			asked.Load, asked.For = []string{"x2", "users=30/s", "x1"}[chance.IntN(3)], ""
		case "abort":
			if chance.IntN(8) > 0 {
				continue
			}
			asked.Text, asked.For = "enough", ""
		default:
			asked.Text, asked.For = "something", ""
		}
		done, err := client.Do(ctx, verb, asked)
		if err == nil && done.On != nil {
			told++
		}
		if err != nil && (strings.Contains(err.Error(), "has it ended") || strings.Contains(err.Error(), "the run is ending")) {
			return told
		}
		time.Sleep(time.Duration(chance.IntN(300)) * time.Millisecond)
	}
}

// wantAllUndone holds the record against so many acts that people were told are on.
func (s *session) wantAllUndone(told int) {
	s.t.Helper()
	res, err := record.Read(s.out)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.said.String())
	}
	acts := 0
	for _, a := range res.Actions {
		if a.Act == 0 {
			continue
		}
		acts++
		if a.UndoneS == nil || *a.UndoneS < a.AtS || a.Receipt == nil || !strings.HasPrefix(a.Person, "person ") {
			s.t.Errorf("act without its end: %+v", a)
		}
	}
	if acts != told {
		s.t.Errorf("%d acts were told to be on, %d are in the record", told, acts)
	}
	for _, f := range res.Faults {
		if f.AppliedS != nil && f.UndoneS == nil || f.Error != "" {
			s.t.Errorf("%s from %v to %v: %s", f.Text, f.AppliedS, f.UndoneS, f.Error)
		}
	}
	for _, c := range res.Checks {
		if !c.OK && (strings.Contains(c.Name, "flow") || strings.Contains(c.Name, "balance") || strings.Contains(c.Name, "outcome")) {
			s.t.Errorf("check %s: %s", c.Name, c.Text)
			for _, e := range res.Events {
				s.t.Logf("%6.3f %s %s", e.AtS, e.Kind, e.Text)
			}
		}
	}
}
