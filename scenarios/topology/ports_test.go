package topology

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// system is a topology of images: a broker with three ports, who calls all that it says, who calls one, a job, and what is external.
func system(t ...faults.Fault) *scenarios.Scenario {
	image := func(name string, c scenarios.Container, after ...string) *scenarios.Node {
		n := &scenarios.Node{Name: name, Kind: scenarios.KindImage, Image: "x", Container: c}
		for _, a := range after {
			n.DependsOn = append(n.DependsOn, scenarios.Dependency{Node: a})
		}
		return n
	}
	broker := image("broker", scenarios.Container{Ports: []scenarios.Port{{Name: "main", Target: 5672}, {Name: "admin", Target: 15672}}}, "late")
	broker.Part = "rabbitmq" // which has 15692 (prometheus) too, that nobody says
	return &scenarios.Scenario{
		Nodes: []*scenarios.Node{
			image("all", scenarios.Container{Calls: []string{"broker", "broker:admin", "partner"}}, "job"),
			image("one", scenarios.Container{Calls: []string{"broker:prometheus"}}),
			broker, image("late", scenarios.Container{}),
			image("job", scenarios.Container{Job: &scenarios.Job{}, Calls: []string{"broker"}}),
			{Name: "partner", Kind: scenarios.KindExternal, External: &scenarios.External{Host: "localhost", Port: 443}},
		},
		Loads:  []*scenarios.Load{{Name: "users", To: "all", Rate: 1}, {Name: "admins", To: "broker", ToPort: "admin", Rate: 1}},
		Phases: []*scenarios.Phase{{Name: "p", For: 1e9, Faults: t}},
	}
}

// Each port of an image is an edge of its own, once, from those who call it; and who waits for whom is in the levels.
func TestPortsAreEdges(t *testing.T) {
	p := plan(t, system())
	var got []string
	for _, e := range p.Edges {
		got = append(got, fmt.Sprintf("%s %d", e.Name, e.Port))
	}
	slices.Sort(got)
	want := []string{
		"admins:broker-1:15672 15672", "all-1:broker-1 0", "all-1:broker-1:15672 15672", "all-1:partner-1 0",
		"job-1:broker-1 0", "job-1:broker-1:15672 15672", "one-1:broker-1:15692 15692", "users:all-1 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
	levels := map[string]int{}
	for _, i := range p.Instances {
		levels[i.Node.Name] = i.Level
	}
	if diff := cmp.Diff(map[string]int{"late": 0, "broker": 1, "job": 2, "all": 3, "one": 2, "partner": 0}, levels); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
}

// A fault is on the edges to the port that it names, and on none of a node that others have launched or that has ended.
func TestFaultsOnPorts(t *testing.T) {
	refuse := func(on faults.Selector) faults.Fault { return faults.Fault{Kind: faults.Refuse{}, On: on} }
	to := func(name, port string) faults.Selector { return faults.Selector{Name: name, Port: port} }
	from := func(name string, to faults.Selector) faults.Selector {
		return faults.Selector{Edge: &faults.EdgeSelector{From: faults.Selector{Name: name}, To: to}}
	}
	for _, c := range []struct {
		fault faults.Fault
		want  []string
	}{
		{refuse(to("broker", "admin")), []string{"job-1:broker-1:15672", "all-1:broker-1:15672", "admins:broker-1:15672"}},
		{refuse(to("broker", "5672")), []string{"job-1:broker-1", "all-1:broker-1"}},
		{refuse(from("all", to("broker", ""))), []string{"all-1:broker-1", "all-1:broker-1:15672"}},
		{refuse(from("all", to("broker-1", "15672"))), []string{"all-1:broker-1:15672"}},
		{refuse(from("all", faults.Selector{Any: []faults.Selector{to("broker", "admin"), to("broker", "main")}})), []string{"all-1:broker-1", "all-1:broker-1:15672"}},
		{refuse(from("all", faults.Selector{Any: []faults.Selector{to("broker", "admin"), to("broker", "")}})), []string{"all-1:broker-1", "all-1:broker-1:15672"}},
	} {
		if diff := cmp.Diff(c.want, plan(t, system(c.fault)).Faults[0].Targets.Edges); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.fault.On, diff)
		}
	}
	crash := faults.Fault{Kind: faults.Crash{}}
	for _, c := range []struct {
		fault faults.Fault
		on    faults.Selector
		want  string
	}{
		{crash, to("broker", "admin"), `crash is of nodes, not of a port of one: broker:admin; take the port away`},
		{crash, to("job", ""), `crash is on "job", a job, which has ended before the first phase`},
		{crash, to("partner", ""), `crash is on "partner", which is external: squall did not start it and must not touch it; faults on its connections are possible, as in refuse: NODE -> partner`},
		{refuse(to("", "")), from("one", to("broker", "admin")), `the topology has no connection one -> broker:admin`},
		{refuse(to("", "")), to("broker", "80"), `"broker" does not serve on port "80"; it serves on 5672 (main), 15672 (admin) and 15692 (prometheus); another is to be among its ports`},
	} {
		c.fault.On = c.on
		if diff := cmp.Diff([]string{c.want}, problemsOf(t, system(c.fault))); diff != "" {
			t.Errorf("%s: %s", c.on, diff)
		}
	}
}

// Where no images are run, jobs are left out, and so is waiting for them.
func TestJobsAreLeftOutWithTheImages(t *testing.T) {
	s := system().WithStandIns(scenarios.Reach{})
	if s.Node("job") != nil || s.Node("all") == nil || len(s.Node("all").DependsOn) != 0 || len(s.Node("broker").DependsOn) != 1 {
		t.Errorf("nodes: %+v", s.Nodes)
	}
	if before := system(); before.Node("job") == nil || len(before.Node("all").DependsOn) != 1 {
		t.Error("the scenario itself was changed")
	}
}
