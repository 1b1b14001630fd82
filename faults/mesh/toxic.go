package mesh

import "github.com/squallhq/squall/faults"

// toxic is a toxic on an edge. It never changes: an update puts another one with the same serial in its place.
type toxic struct {
	spec   faults.Toxic
	serial uint64
	key    uint64
	meter  *meter // nil unless Apply put it on
}

func (t *toxic) up() bool            { return t.spec.Stream == faults.Upstream }
func (t *toxic) perConnection() bool { return t.spec.Per == faults.PerConnection }

// newToxic checks a toxic and fills in toxiproxy's defaults. Its name may stay empty.
func newToxic(spec faults.Toxic) (*toxic, error) {
	spec, err := spec.Complete()
	if err != nil {
		return nil, err
	}
	return &toxic{spec: spec}, nil
}
