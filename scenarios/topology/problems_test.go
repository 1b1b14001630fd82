package topology

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// problemsOf are what New finds wrong, without positions.
func problemsOf(t *testing.T, s *scenarios.Scenario) []string {
	t.Helper()
	p, err := New(s, 1)
	if err == nil {
		return nil
	}
	if p != nil {
		t.Error("a plan came with its problems")
	}
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%T is not Problems: %v", err, err)
	}
	var out []string
	for _, one := range problems {
		text := one.What
		if one.Fix != "" {
			text += "; " + one.Fix
		}
		out = append(out, text)
	}
	return out
}

func TestProblemsOfTheTopology(t *testing.T) {
	there := "there are edge, api, catalog, orders, payments, db, retries"
	tests := []struct {
		name   string
		change func(*scenarios.Scenario)
		want   []string
	}{
		{"nothing", func(*scenarios.Scenario) {}, nil},
		{"a call to nowhere", func(s *scenarios.Scenario) { s.Node("edge").Origin = "apo" }, []string{`"edge" calls "apo", which is not in the topology; ` + there}},
		{"a load to nowhere", func(s *scenarios.Scenario) { s.Loads[0].To = "shop" }, []string{`load "shoppers" goes to "shop", which is not in the topology; ` + there}},
		{"a load named like a node", func(s *scenarios.Scenario) { s.Loads[0].Name = "api" }, []string{`load "api" has the name of a node; rename one of them`}},
		{"a load named like an instance", func(s *scenarios.Scenario) { s.Loads[0].Name = "catalog-4" }, []string{`load "catalog-4" has the name of a replica of "catalog"; rename one of them`}},
		{"a node named like an instance", func(s *scenarios.Scenario) {
			s.Nodes = append(s.Nodes, &scenarios.Node{Name: "catalog-2", Kind: scenarios.KindService})
		}, []string{`node "catalog-2" has the name of replica 2 of "catalog"; rename one of them`}},
		{"a synchronous cycle", func(s *scenarios.Scenario) {
			s.Node("payments").Endpoints[0].Steps = []scenarios.Step{{Parallel: []scenarios.Step{{Work: &scenarios.Work{}, Fallback: &scenarios.Fallback{Call: &scenarios.Call{Node: "orders"}}}}}}
		}, []string{"these nodes wait for each other: orders -> payments -> orders; take one of the calls away, or put a queue in its place"}},
		{"a node that calls itself", func(s *scenarios.Scenario) { s.Node("edge").Origin = "edge" }, []string{"these nodes wait for each other: edge -> edge; take one of the calls away, or put a queue in its place"}},
		{"a link to no region", func(s *scenarios.Scenario) { s.Links[0].Between[1] = "mars" }, []string{`no node is in region or zone "mars"; use a region or zone of a node`}},
		{"two links", func(s *scenarios.Scenario) {
			s.Links = append(s.Links, scenarios.Link{Between: [2]string{"us", "eu"}})
		}, []string{`a second link between "eu" and "us"; keep one of them`}},
		{"a phase of no time", func(s *scenarios.Scenario) { s.Phases[1].For = 0 }, []string{`phase "trouble" lasts 0s; give it a time, as in for: 20s`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := shop()
			test.change(s)
			if diff := cmp.Diff(test.want, problemsOf(t, s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProblemsOfFaults(t *testing.T) {
	latency := faults.Latency{Delay: time.Second}
	on := func(kind faults.Kind, node string) faults.Fault { return faults.Fault{Kind: kind, On: named(node)} }
	there := "; there are edge, api, catalog, orders, payments, db, retries"
	apart := "; let one end before the other begins, or let them hit different targets"
	early := func(f faults.Fault) faults.Fault { f.For = 10 * time.Second; return f }
	late := func(f faults.Fault) faults.Fault { f.At = 10 * time.Second; return f }
	tests := []struct {
		name   string
		faults []faults.Fault
		want   []string
	}{
		{"no such node", []faults.Fault{on(latency, "catalogue")}, []string{`no node, instance or load is named "catalogue"` + there}},
		{"no such instance", []faults.Fault{on(faults.Pause{}, "catalog-5")}, []string{`no node, instance or load is named "catalog-5"` + there}},
		{"no such connection", []faults.Fault{{Kind: latency, On: between(named("catalog"), named("payments"))}}, []string{"the topology has no connection catalog -> payments"}},
		{"the wrong way round", []faults.Fault{{Kind: latency, On: between(named("payments"), named("orders"))}}, []string{"the topology has no connection payments -> orders; use orders -> payments: the caller comes first"}},
		{"no such label", []faults.Fault{{Kind: faults.Pause{}, On: faults.Selector{Zone: "moon"}}}, []string{"pause is on nodes, and no node is zone moon"}},
		{"no kind", []faults.Fault{{On: named("db")}}, []string{"a fault has no kind"}},
		{"a connection as one end of a connection", []faults.Fault{{Kind: latency, On: between(between(named("orders"), named("db")), named("db"))}},
			[]string{"orders -> db is a connection, where one end of a connection is selected; name nodes there"}},
		{"no target", []faults.Fault{{Kind: faults.Pause{}}}, []string{"pause has no target"}},
		{"a node fault on a load", []faults.Fault{on(faults.Crash{}, "shoppers")}, []string{"crash is on nodes, and no node is shoppers"}},
		{"a node fault on a connection", []faults.Fault{{Kind: faults.Crash{}, On: between(named("orders"), named("db"))}}, []string{"crash is on nodes, not on the connection orders -> db"}},
		{"an outage of a connection", []faults.Fault{{Kind: faults.Outage{}, On: between(named("orders"), named("db"))}}, []string{"outage is of nodes, not of the connection orders -> db: use partition, or blackhole"}},
		{"an impossible size", []faults.Fault{on(faults.Bandwidth{}, "db")}, []string{"bandwidth must be more than 0, it is 0B/s: use freeze to let nothing pass"}},
		{"a share of no limit", []faults.Fault{on(faults.CPU{Share: 0.5}, "db")}, []string{`"db-1" has no cpus to take a share of: give the fault cores, or the node cpus`}},
		{"after its phase", []faults.Fault{{Kind: latency, On: named("db"), At: 30 * time.Second}}, []string{`it begins at 30s, when phase "trouble" is over; use less than 30s`}},
		{"after the run", []faults.Fault{{Kind: latency, On: named("db"), For: time.Minute}}, []string{"it ends 10s after the run; make it shorter, or a phase longer"}},
		{"two lengths", []faults.Fault{{Kind: faults.Crash{RestartAfter: time.Second}, On: named("db"), For: 2 * time.Second}}, []string{"for is 2s and restart_after is 1s; keep one of them"}},
		{"two outages", []faults.Fault{on(faults.Reset{}, "db"), on(faults.Blackhole{}, "db-1")},
			[]string{"black hole contradicts reset (fault 1 of phase 2), which is on at the same time: new connections of catalog-1:db-1 can't both reset and hang" + apart}},
		{"two outages for open connections", []faults.Fault{on(faults.Reset{Connections: "open"}, "db"), on(faults.Blackhole{Connections: "open"}, "db")},
			[]string{"black hole for open connections contradicts reset for open connections (fault 1 of phase 2), which is on at the same time: open connections of catalog-1:db-1 can't both reset and lose" + apart}},
		{"two outages of different connections", []faults.Fault{on(faults.Refuse{Connections: "new"}, "db"), on(faults.Blackhole{Connections: "open"}, "db")}, nil},
		{"the same outage twice", []faults.Fault{on(faults.Reset{}, "db"), on(faults.Reset{}, "db")}, nil},
		{"two outages one after the other", []faults.Fault{early(on(faults.Reset{}, "db")), late(on(faults.Blackhole{}, "db"))}, nil},
		{"two outages on different edges", []faults.Fault{on(faults.Reset{}, "db"), on(faults.Blackhole{}, "orders")}, nil},
		{"two latencies add", []faults.Fault{on(latency, "db"), on(latency, "db")}, nil},
		{"two kills", []faults.Fault{on(faults.Crash{}, "catalog"), on(faults.Crash{}, "catalog-3")},
			[]string{`crash contradicts crash (fault 1 of phase 2), which is on at the same time: "catalog-3" would be killed twice` + apart}},
		{"a pause of what is killed", []faults.Fault{on(faults.Crash{}, "catalog"), on(faults.Pause{}, "catalog-2")},
			[]string{`pause contradicts crash (fault 1 of phase 2), which is on at the same time: "catalog-2" is killed, and a process that is not there can't have it` + apart}},
		{"errors of what is killed", []faults.Fault{on(faults.Errors{Share: 1}, "orders"), on(faults.Crash{}, "orders")},
			[]string{`crash contradicts errors 100% (status 500) (fault 1 of phase 2), which is on at the same time: "orders-1" is killed, and a process that is not there can't have it` + apart}},
		{"latency on the way to what is killed", []faults.Fault{on(latency, "orders"), on(faults.Crash{}, "orders")}, nil},
		{"two limits", []faults.Fault{on(faults.CPU{Cores: 1}, "db"), on(faults.CPU{Cores: 0.5}, "db")},
			[]string{`cpu 0.5 cores contradicts cpu 1 cores (fault 1 of phase 2), which is on at the same time: "db-1" can have one CPU limit, not 1 and 0.5 cores` + apart}},
		{"two statuses", []faults.Fault{on(faults.Errors{Share: 0.1}, "api"), on(faults.Errors{Share: 0.1, Status: 503}, "api")},
			[]string{`errors 10% (status 503) contradicts errors 10% (status 500) (fault 1 of phase 2), which is on at the same time: "api-1" can have one error status, not 500 and 503` + apart}},
		{"errors and slow", []faults.Fault{on(faults.Errors{Share: 0.1}, "api"), on(faults.Slow{Factor: 2}, "api")}, nil},
		{"all of them at once", []faults.Fault{on(latency, "x"), on(faults.Bandwidth{}, "db"), on(faults.Crash{}, "y")}, []string{
			`no node, instance or load is named "x"` + there, "bandwidth must be more than 0, it is 0B/s: use freeze to let nothing pass", `no node, instance or load is named "y"` + there}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, problemsOf(t, with(test.faults...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBehaviourNeedsABuiltInNode: nobody can make somebody else's program answer with errors.
func TestBehaviourNeedsABuiltInNode(t *testing.T) {
	s := with(faults.Fault{Kind: faults.Errors{Share: 1}, On: named("db")})
	s.Node("db").Image = "postgres:16"
	want := []string{`errors is for built-in nodes, and "db" runs the image postgres:16`}
	if diff := cmp.Diff(want, problemsOf(t, s)); diff != "" {
		t.Error(diff)
	}
}

// TestFaultsWithoutTraffic: a fault that no load can reach is refused, unless somebody else's image is the caller.
func TestFaultsWithoutTraffic(t *testing.T) {
	lonely := func(f faults.Fault) *scenarios.Scenario {
		s := with(f)
		s.Nodes = append(s.Nodes, &scenarios.Node{Name: "report", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
			{Match: "GET /", Steps: []scenarios.Step{{Read: "db"}}}}}})
		return s
	}
	for _, f := range []faults.Fault{
		{Kind: faults.Reset{}, On: between(named("report"), named("db"))},
		{Kind: faults.Outage{}, On: named("report")},
	} {
		got := problemsOf(t, lonely(f))
		if len(got) != 1 || !strings.Contains(got[0], "would meet no traffic: no load ever reaches report-1:db-1") {
			t.Errorf("%s: %q", f.Kind, got)
		}
	}
	if got := problemsOf(t, lonely(faults.Fault{Kind: faults.Crash{}, On: named("report")})); len(got) != 1 || !strings.Contains(got[0], "no load ever reaches report-1") {
		t.Errorf("crash: %q", got)
	}
	s := lonely(faults.Fault{Kind: faults.Reset{}, On: between(named("report"), named("db"))})
	s.Nodes[len(s.Nodes)-1] = &scenarios.Node{Name: "report", Kind: scenarios.KindImage, Image: "cron", Container: scenarios.Container{Calls: []string{"db"}}}
	if got := problemsOf(t, s); got != nil {
		t.Errorf("an image may call by itself, but: %q", got)
	}
	s = lonely(faults.Fault{Kind: faults.Reset{}, On: named("db")})
	p := plan(t, s)
	want := []string{`no load ever reaches "report"`, "reset on db: no load ever reaches report-1:db-1"}
	if diff := cmp.Diff(want, p.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestWarnings(t *testing.T) {
	slow := faults.Fault{Kind: faults.Latency{Delay: 6 * time.Second, Direction: faults.Both}, On: between(named("api"), named("orders"))}
	tests := []struct {
		name   string
		change func(*scenarios.Scenario)
		want   []string
	}{
		{"none", func(s *scenarios.Scenario) { s.Phases[1].Faults = []faults.Fault{slow} }, nil},
		{"no steady state", func(s *scenarios.Scenario) { s.Phases[0].Faults = []faults.Fault{slow} },
			[]string{"latency 6s each way on api -> orders begins with the first phase: there is no steady state to compare with"}},
		{"no recovery", func(s *scenarios.Scenario) { s.Phases = s.Phases[:2]; s.Phases[1].Faults = []faults.Fault{slow} },
			[]string{"latency 6s each way on api -> orders lasts until the end of the run: there is no time left to see the recovery"}},
		{"into the next phase", func(s *scenarios.Scenario) {
			slow.For = 35 * time.Second
			s.Phases[1].Faults = []faults.Fault{slow}
			slow.For = 0
		}, []string{`latency 6s each way on api -> orders ends 5s after its phase "trouble": the next phase's figures hold some of it`}},
		{"no load while it is on", func(s *scenarios.Scenario) {
			s.Phases[1].Faults = []faults.Fault{slow}
			s.Loads[0].Stages = []scenarios.Stage{{For: 10 * time.Second, Rate: 5}, {For: 10 * time.Second, From: 5, To: 0}}
		}, []string{"latency 6s each way on api -> orders: no load sends anything from 20s to 50s, while it is on"}},
		{"users gave up before", func(s *scenarios.Scenario) {
			s.Phases[1].Faults = []faults.Fault{slow}
			s.Loads[0].Timeout = 5 * time.Second
		}, []string{"latency 6s each way on api -> orders: shoppers gives up after 5s, sooner than what it adds (12s): it can only show as timeouts"}},
		{"the caller gives up by itself", func(s *scenarios.Scenario) {
			s.Phases[1].Faults = []faults.Fault{slow}
			s.Loads[0].Timeout = 5 * time.Second
			s.Node("api").Routes[1].Timeout = time.Second
		}, nil},
		{"on the users' own connection", func(s *scenarios.Scenario) {
			s.Phases[1].Faults = []faults.Fault{{Name: "far away", Kind: faults.Latency{Delay: time.Minute}, On: named("shoppers")}}
		}, []string{"far away: latency 1m0s on shoppers: shoppers gives up after 30s, sooner than what it adds (1m0s): it can only show as timeouts"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := shop()
			test.change(s)
			if diff := cmp.Diff(test.want, plan(t, s).Warnings); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestFlushNeedsACDN: only a cdn keeps copies.
func TestFlushNeedsACDN(t *testing.T) {
	want := []string{`flush is for cdns and caches, and "db" is a database`}
	if diff := cmp.Diff(want, problemsOf(t, with(faults.Fault{Kind: faults.Flush{}, On: named("db")}))); diff != "" {
		t.Error(diff)
	}
}
