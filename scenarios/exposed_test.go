package scenarios

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where a node's own metrics are read: where it says, else where its part tells them without being set up for it; what Squall did not launch,
// and what is built in, is asked for nothing that nobody has said.
func TestWhereImagesTell(t *testing.T) {
	t.Parallel()
	keeps := func(e Exposed) Exposed {
		if len(e.Keep) > 1 {
			e.Keep = []string{"of the part"}
		}
		return e
	}
	of := []string{"of the part"}
	for name, c := range map[string]struct {
		node Node
		want Exposed
		said bool
		is   bool
	}{
		"built in":                  {Node{Kind: KindService}, Exposed{}, false, false},
		"an image":                  {Node{Kind: KindImage, Image: "shop:1"}, Exposed{}, false, false},
		"an image that says":        {Node{Kind: KindImage, Image: "shop:1", Container: Container{Metrics: &Exposed{}}}, Exposed{Port: 8080, Path: "/metrics"}, true, true},
		"another port":              {Node{Kind: KindImage, Image: "shop:1", Container: Container{Metrics: &Exposed{Port: 9100, Path: "/m"}}}, Exposed{Port: 9100, Path: "/m"}, true, true},
		"Prometheus":                {Node{Kind: KindImage, Image: "prom/prometheus:v3.0.0"}, Exposed{Port: 9090, Path: "/metrics", Keep: of}, false, true},
		"Prometheus elsewhere":      {Node{Kind: KindImage, Image: "prom/prometheus:v3.0.0", Container: Container{Port: 9999}}, Exposed{Port: 9999, Path: "/metrics", Keep: of}, false, true},
		"Envoy":                     {Node{Kind: KindGateway, Image: "envoyproxy/envoy:v1"}, Exposed{Port: 9901, Path: "/stats/prometheus", Keep: of}, false, true},
		"RabbitMQ":                  {Node{Kind: KindQueue, Image: "rabbitmq:3"}, Exposed{Port: 15692, Path: "/metrics", Keep: of}, false, true},
		"RabbitMQ, chosen":          {Node{Kind: KindQueue, Image: "rabbitmq:3", Container: Container{Metrics: &Exposed{Keep: []string{"up"}}}}, Exposed{Port: 15692, Path: "/metrics", Keep: []string{"up"}}, true, true},
		"RabbitMQ's exporter":       {Node{Kind: KindQueue, Image: "rabbitmq:3", Container: Container{Metrics: &Exposed{Port: 9419}}}, Exposed{Port: 9419, Path: "/metrics"}, true, true},
		"RabbitMQ, off":             {Node{Kind: KindQueue, Image: "rabbitmq:3", Container: Container{Metrics: &Exposed{Off: true}}}, Exposed{}, true, false},
		"external Prometheus":       {Node{Kind: KindExternal, Part: "prometheus", External: &External{Host: "x", Port: 9090}}, Exposed{}, false, false},
		"external that says":        {Node{Kind: KindExternal, External: &External{Host: "x", Port: 80}, Container: Container{Metrics: &Exposed{}}}, Exposed{Port: 80, Path: "/metrics"}, true, true},
		"nats-server has no text":   {Node{Kind: KindQueue, Image: "nats:2.11"}, Exposed{}, false, false},
		"a job has ended by then":   {Node{Kind: KindImage, Image: "prom/prometheus:v3.0.0", Container: Container{Job: &Job{}}}, Exposed{}, false, false},
		"a local command's parts":   {Node{Kind: KindImage, Image: LocalName, Part: "prometheus", Container: Container{Local: &Local{}}}, Exposed{Port: 9090, Path: "/metrics", Keep: of}, false, true},
		"on a port of this machine": {Node{Kind: KindQueue, Image: LocalName, Part: "rabbitmq", Container: Container{Local: &Local{}}}, Exposed{}, false, false},
		"HAProxy is to be set up":   {Node{Kind: KindGateway, Image: "haproxy:3.0"}, Exposed{}, false, false},
		"a database has no metric":  {Node{Kind: KindDatabase, Image: "postgres:16"}, Exposed{}, false, false},
	} {
		got, said, is := c.node.Exposes()
		if diff := cmp.Diff(c.want, keeps(got)); diff != "" || said != c.said || is != c.is {
			t.Errorf("%s: said %v, is %v (-want +got):\n%s", name, said, is, diff)
		}
	}
}
