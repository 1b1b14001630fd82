package stay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
)

// A lease ends so long after it was used last, and says so; none never ends.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(time.Hour)
		ctx, end := l.Bound(t.Context())
		defer end()
		time.Sleep(90 * time.Minute) // of launching
		began := time.Now()
		l.Renew()
		for range 3 {
			time.Sleep(50 * time.Minute)
			l.Renew()
		}
		<-ctx.Done()
		if got := time.Since(began); got != 210*time.Minute {
			t.Errorf("it ended after %s", got)
		}
		if over, is := errors.AsType[*Over](context.Cause(ctx)); !is || over.Error() != "nobody was there for 1h0m0s" {
			t.Errorf("because %v", context.Cause(ctx))
		}
		var none *Lease
		none.Renew()
		ctx, end = none.Bound(t.Context())
		time.Sleep(1000 * time.Hour)
		if ctx.Err() != nil {
			t.Error("none has ended")
		}
		end()
	})
}

// Who comes by a load's entry is there, and is answered; other addresses are as they were.
func TestDoors(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.URL.Path, body)
	}))
	defer server.Close()
	l := New(time.Hour)
	l.used = time.Now().Add(-time.Minute)
	given := []runner.Address{{What: "load users to shop-1", URL: server.URL}, {What: "shop-1 metrics", URL: server.URL + "/metrics"}}
	doors := l.Doors(t.Context(), given)
	if doors[0].URL == server.URL || doors[1] != given[1] {
		t.Fatalf("doors %v", doors)
	}
	if l.left() > 59*time.Minute+time.Second {
		t.Error("a door that nobody used has renewed it")
	}
	answer, err := http.Post(doors[0].URL+"/x", "text/plain", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, _ := io.ReadAll(answer.Body); string(said) != "/x " || l.left() < 59*time.Minute+30*time.Second {
		t.Errorf("answered %q, %s left", said, l.left())
	}
}

// Nothing of a scenario is scheduled: loads go on as they would have ended.
func TestSets(t *testing.T) {
	s := &scenarios.Scenario{Expect: []scenarios.Expectation{{}}, Loads: []*scenarios.Load{{Name: "a", Rate: 3},
		{Name: "b", Stages: []scenarios.Stage{{For: time.Second, From: 1, To: 20}, {For: time.Second, Level: true}}}}}
	want := "[phases=[{name: up, for: 168h0m0s, until: go}] expect=null load.b.stages=null load.b.rate=20/s]"
	if got := fmt.Sprint(Sets(s)); got != want {
		t.Errorf("sets %s, want %s", got, want)
	}
}
