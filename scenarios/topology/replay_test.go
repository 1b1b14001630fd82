package topology

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// A replay is for a stream that keeps something, and for a subscriber that it has.
func TestReplayNeedsAStream(t *testing.T) {
	replay := faults.Fault{Kind: faults.Replay{Subscriber: "stock"}, On: named("events")}
	stream := func(retain time.Duration, subscriber string) *scenarios.Node {
		return &scenarios.Node{Name: "events", Kind: scenarios.KindStream, Stream: scenarios.Stream{Retain: retain, Subscribers: []*scenarios.Subscriber{
			{Name: subscriber, To: &scenarios.Call{Node: "payments", Method: "POST", Path: "/charge"}},
		}}}
	}
	for name, test := range map[string]struct {
		node *scenarios.Node
		want []string
	}{
		"a queue":         {&scenarios.Node{Name: "events", Kind: scenarios.KindQueue, Delivery: scenarios.Delivery{To: &scenarios.Call{Node: "payments", Method: "POST", Path: "/charge"}}}, []string{`replay is for streams, and "events" is a queue`}},
		"keeps nothing":   {stream(0, "stock"), []string{`stream "events" keeps nothing that it has delivered: add retain: 10m`}},
		"another's":       {stream(time.Minute, "search"), []string{`stream "events" has no subscriber "stock"`}},
		"as it should be": {stream(time.Minute, "stock"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := with(replay)
			s.Nodes = append(s.Nodes, test.node)
			shopper := s.Nodes[1] // it is reached: who writes to it is
			shopper.Routes = append(shopper.Routes, scenarios.Route{Match: "/events", To: "events"})
			got := problemsOf(t, s)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
