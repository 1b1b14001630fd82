package mesh

import (
	"maps"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/squallhq/squall/faults"
)

// toxic is a toxic on an edge. It never changes: an update puts another one with the same serial in its place.
type toxic struct {
	spec   faults.Toxic
	serial uint64
	key    uint64
	meter  *meter // nil unless Apply put it on
	parameters
}

// The streams and the meanings of toxicity, as toxiproxy and scenarios write them.
const (
	streamUp      = "upstream"
	streamDown    = "downstream"
	perConnection = "connection"
	perRequest    = "request"
)

func (t *toxic) up() bool            { return t.spec.Stream == streamUp }
func (t *toxic) perConnection() bool { return t.spec.Per == perConnection }

// shown is a copy of what the toxic is, for callers to keep.
func (t *toxic) shown() faults.Toxic {
	spec := t.spec
	spec.Attributes = maps.Clone(spec.Attributes)
	return spec
}

// newToxic checks a toxic and fills in toxiproxy's defaults. Its name may stay empty.
func newToxic(spec faults.Toxic) (*toxic, error) {
	if spec.Stream == "" {
		spec.Stream = streamDown
	}
	if spec.Stream != streamUp && spec.Stream != streamDown {
		return nil, invalid("stream", "is %q; use upstream (to the callee) or downstream (to the caller)", spec.Stream)
	}
	if spec.Per == "" {
		spec.Per = perConnection
	}
	if spec.Per != perConnection && spec.Per != perRequest {
		return nil, invalid("per", "is %q; use connection or request", spec.Per)
	}
	if !(spec.Toxicity >= 0 && spec.Toxicity <= 1) { // also refuses NaN
		return nil, invalid("toxicity", "is %g; use a chance from 0 to 1", spec.Toxicity)
	}
	p, attributes, err := parseAttributes(spec.Type, spec.Attributes)
	if err != nil {
		return nil, err
	}
	spec.Attributes = attributes
	return &toxic{spec: spec, parameters: p}, nil
}

// foreign is toxiproxy's own toxic of this type.
func (t *toxic) foreign() toxics.Toxic {
	switch t.spec.Type {
	case "slicer":
		return &toxics.SlicerToxic{AverageSize: t.size, SizeVariation: t.variation, Delay: int(t.delay / time.Microsecond)}
	case "limit_data":
		return &toxics.LimitDataToxic{Bytes: t.bytes}
	case "slow_close":
		return &toxics.SlowCloseToxic{Delay: max(1, int64((t.delay+time.Millisecond/2)/time.Millisecond))}
	default:
		return new(toxics.NoopToxic)
	}
}
