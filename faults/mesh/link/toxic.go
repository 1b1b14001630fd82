package link

import "github.com/squallhq/squall/faults"

// Toxic is a toxic on an edge. It never changes: an update puts another one with the same serial in its place.
type Toxic struct {
	Spec   faults.Toxic
	Serial uint64
	Key    uint64
	Meter  *Meter // nil unless Apply put it on
}

func (t *Toxic) Up() bool            { return t.Spec.Stream == faults.Upstream }
func (t *Toxic) perConnection() bool { return t.Spec.Per == faults.PerConnection }

// NewToxic checks a toxic and fills in toxiproxy's defaults. Its name may stay empty.
func NewToxic(spec faults.Toxic) (*Toxic, error) {
	spec, err := spec.Complete()
	if err != nil {
		return nil, err
	}
	return &Toxic{Spec: spec}, nil
}
