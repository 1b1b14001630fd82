package grammar

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// external reads where something serves that Squall did not launch.
func (d *Decoder) external(v *source.Value, into *scenarios.External, f field) {
	const fix = "write HOST:PORT, as in sandbox.example.com:443, or https://HOST"
	if v.Kind != source.Scalar || v.Tag != source.TagText {
		d.Problem(v, fmt.Sprintf("%s needs HOST:PORT, not %s", f.key, v.What()), fix)
		return
	}
	e, err := scenarios.ParseExternal(v.Text)
	if err != nil {
		d.Problem(v, fmt.Sprintf("%s can't be %s: %v", f.key, source.QuoteShort(v.Text), err), fix)
		return
	}
	*into = e
}

// outside are the keys of a node that Squall does not launch.
var outside = []string{"kind", "use", "external", "calls", "part", "dsn", "region", "zone", "labels", "health", "healthcheck", "metrics", "tls", "stand_in", "delivery", "ack_within"}

// externalKeys checks that an external node has only what can be said of what others run.
func (d *Decoder) externalKeys(e source.Entry) {
	for _, key := range e.Value.Entries {
		if !slices.Contains(outside, key.Key) {
			d.ProblemAt(key.At, fmt.Sprintf("%s is for what squall launches, and %q is external", key.Key, source.Shorten(e.Key)), "take it or external away")
		}
	}
}

func (w *schemaWriter) external(field, bool) schema {
	return schema{"type": "string", "pattern": `^((https?|tcp)://)?[^/@\s]+/*$|\$\{`}
}
