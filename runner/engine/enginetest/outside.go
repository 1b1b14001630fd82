package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

// Hand does something to a run's instance behind the engine's back.
type Hand struct {
	// Stop and Continue halt it and let it go on, Kill ends it at once, Terminate asks it to end.
	Stop, Continue, Kill, Terminate func(t *testing.T, run, instance string)
	// Restart ends it and starts it again; nil: nobody but the engine can.
	Restart func(t *testing.T, run, instance string)
	// Unplug takes it off its network and Plug puts it back at its address; nil: there are no such networks.
	Unplug, Plug func(t *testing.T, run, instance string)
	// Inside are what is done inside of it, by what is told; nil: nobody can.
	Inside []Deed
}

// Deed does something inside an instance, which is told as What.
type Deed struct {
	What string
	Do   func(t *testing.T, run, instance string)
}

// WhatOthersDo wants everything that is done to a system from outside told, once, with when it was taken back and what met it, and
// nothing of what the engine does itself.
func WhatOthersDo(t *testing.T, e runner.Engine, hand Hand) {
	run := runID(t, "others")
	s, p, err := launchAs(context.Background(), t, e, run, func(string) {})
	w := launched(t, s, p, err)
	for _, op := range []faults.Op{faults.OpPause, faults.OpKill, faults.OpStop} {
		undo := w.inject(faults.Primitive{Op: op, Instance: api})
		time.Sleep(50 * time.Millisecond)
		undo()
		w.within(patience, "an answer after "+string(op), func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
	}
	w.wantTouches()

	hand.Stop(t, run, api)
	stopped := w.touch(1)
	if !stopped.Undone.IsZero() || !w.observe().Nodes[api].Unread {
		t.Errorf("stopped and not continued: %+v, its counters are unread: %v", stopped, w.observe().Nodes[api].Unread)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	w.ask(ctx, toAPI, http.MethodGet, "/ping") // waits in vain
	cancel()
	hand.Continue(t, run, api)
	w.within(patience, "the end of the stop", func() bool { return !w.touch(1).Undone.IsZero() })
	if r := w.touch(1).Receipt; r == nil || !r.Met() {
		t.Errorf("what met the stop: %+v", r)
	}
	w.within(patience, "a reading after it", func() bool { return !w.observe().Nodes[api].Unread })

	hand.Kill(t, run, "leaf-1")
	w.touch(2)
	w.wantDeath("leaf-1")
	back := w.inject(faults.Primitive{Op: faults.OpKill, Instance: "leaf-1"})
	if !w.touch(2).Undone.IsZero() {
		t.Error("an instance that was killed from outside is back before it was started")
	}
	back()
	w.within(patience, "the start of what was killed", func() bool { return !w.touch(2).Undone.IsZero() })
	w.within(patience, "that it tells what it counts since", func() bool { n := w.observe().Nodes["leaf-1"]; return !n.Unread && n.Lost == 1 })

	hand.Terminate(t, run, "leaf-2")
	w.touch(3)
	w.wantDeath("leaf-2")
	want := []string{api, "leaf-1", "leaf-2"}
	if hand.Restart != nil {
		hand.Restart(t, run, "api-2")
		w.wantDeath("api-2")
		w.within(patience, "the restart", func() bool { return !w.touch(4).Undone.IsZero() })
		w.within(patience, "an answer after the restart", func() bool { return w.get(toAPI2, "/ping").status == http.StatusOK })
		want = append(want, "api-2")
	}
	if hand.Unplug != nil {
		hand.Unplug(t, run, api)
		w.touch(len(want) + 1)
		w.eventually("that nobody reaches it", func() bool { return w.observe().Nodes[api].Unread })
		hand.Plug(t, run, api)
		w.eventually("that it is plugged in again", func() bool { return !w.touch(len(want) + 1).Undone.IsZero() })
		w.eventually("an answer after that", func() bool { return w.get(toAPI, "/ping").status == http.StatusOK })
		want = append(want, api)
	}
	for _, deed := range hand.Inside {
		deed.Do(t, run, api)
		if told := w.touch(len(want) + 1); told.What != deed.What {
			t.Errorf("told %q, want %q", told.What, deed.What)
		}
		want = append(want, api)
	}
	w.byAPI(len(want) + 1)
	w.wantTouches(append(want, toDB)...)
}

// byAPI puts a toxic on over toxiproxy's API and takes it off: the so manieth touch. What is opened for that is shut by nobody but the system that is
// taken down.
func (w *world) byAPI(number int) {
	ctx := context.Background()
	open, err := w.system.(runner.Opener).Open(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	proxies := ""
	for _, a := range open {
		if a.What == "toxiproxy's API" {
			proxies = a.URL
		}
	}
	toxics := proxies + "/" + toDB + "/toxics"
	ask := func(method, url, body string) {
		request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
		if err != nil {
			w.t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			w.t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode/100 != 2 {
			var said any
			_ = json.NewDecoder(answer.Body).Decode(&said)
			w.t.Fatalf("%s %s: %s %v", method, url, answer.Status, said)
		}
	}
	ask(http.MethodPost, toxics, `{"name": "mine", "type": "latency", "attributes": {"latency": 30}}`)
	w.mustWrite(toAPI, "by-hand")
	ask(http.MethodDelete, toxics+"/mine", "")
	w.within(patience, "the toxic's end", func() bool { return !w.touch(number).Undone.IsZero() })
	if touch := w.touch(number); touch.Who != record.ByHand || touch.Receipt == nil || touch.Receipt.Requests == 0 {
		w.t.Errorf("a toxic by hand: %+v, receipt %+v", touch, touch.Receipt)
	}
}

func (w *world) touched() []runner.Touch {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	touched, err := w.system.Touched(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return touched
}

// touch is the so manieth thing that was done, which is to be told.
func (w *world) touch(number int) runner.Touch {
	w.t.Helper()
	var all []runner.Touch
	w.within(patience, fmt.Sprintf("touch %d", number), func() bool {
		all = w.touched()
		return len(all) >= number
	})
	return all[number-1]
}

// wantTouches wants nothing else to have been told than what was done to these, and what is told of it in words.
func (w *world) wantTouches(on ...string) {
	w.t.Helper()
	touched := w.touched()
	told := make([]string, len(touched))
	for n, t := range touched {
		told[n] = t.String()
		if n < len(on) && t.On != on[n] || t.What == "" || t.Door == "" || t.At.IsZero() {
			w.t.Errorf("touch %d: %+v", n+1, t)
		}
	}
	if len(touched) != len(on) {
		w.t.Errorf("touched: %q, want %q", told, on)
	}
	w.t.Logf("touched: %q", told)
}

// wantDeath wants an instance's end told, as somebody else's doing.
func (w *world) wantDeath(instance string) {
	w.t.Helper()
	select {
	case err := <-w.system.Died():
		if want := fmt.Sprintf("instance %q was ended from outside: ", instance); !strings.HasPrefix(err.Error(), want) {
			w.t.Errorf("died: %q, want %s...", err, want)
		}
	case <-time.After(patience):
		w.t.Errorf("nobody told that %q had ended", instance)
	}
}
