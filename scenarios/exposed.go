package scenarios

import (
	"cmp"

	"github.com/squallhq/squall/scenarios/parts"
)

// Exposed is where an image tells what it counts itself, in Prometheus' text format.
type Exposed struct {
	// The port that it is asked on. Default that of the part that it is (part), else the node's.
	Port int `yaml:"port" min:"1" max:"65535" json:"port,omitempty"`
	// The path that it answers. Default that of the part, else /metrics.
	Path string `yaml:"path" json:"path,omitempty"`
	// The metrics that are kept, by their names, where * stands for any part of one, as in [rabbitmq_queue_*]; the name of a
	// histogram or summary is for its count and sum (quantiles too), NAME_bucket for the buckets. Default what says most of the part, else all but buckets.
	// An instance has 100 series at most: the record says what there was no room for (left_out), and what was never there (absent).
	Keep []string `yaml:"keep" json:"keep,omitempty"`
	// Off: it is not asked.
	Off bool `yaml:"-" json:"off,omitempty"`
}

// MetricsNone is the metrics of a node that is not asked, whatever part it is.
const MetricsNone = "none"

// Exposes is where a node's own metrics are read; false: nowhere. said tells that the scenario says so, not the part that it is alone:
// a part may be set up without.
func (n *Node) Exposes() (e Exposed, said, is bool) {
	if n.BuiltIn() || n.Job != nil {
		return Exposed{}, false, false
	}
	part, _ := n.Real()
	usual := parts.Metrics{Port: n.ServingPort(), Path: "/metrics"}
	if part.Metrics != nil && (n.Metrics == nil || n.Metrics.Port == 0 || n.Metrics.Port == part.Metrics.Port) {
		if usual = *part.Metrics; usual.Port == part.Port {
			usual.Port = n.ServingPort()
		}
	}
	switch {
	case n.Metrics != nil:
		e, said = *n.Metrics, true
	case part.Metrics == nil || n.External != nil: // others are asked for nothing that nobody has said
		return Exposed{}, false, false
	case n.Local != nil && usual.Port != n.ServingPort(): // on this machine somebody else may answer there, at every address
		return Exposed{}, false, false
	}
	if e.Off {
		return Exposed{}, true, false
	}
	e.Port, e.Path = cmp.Or(e.Port, usual.Port), cmp.Or(e.Path, usual.Path)
	if len(e.Keep) == 0 {
		e.Keep = usual.Keep
	}
	return e, said, true
}
