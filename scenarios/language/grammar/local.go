package grammar

import (
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// local reads the words of a command, or true for those that the node has. Nil is a mistake, which has been told.
func (d *Decoder) local(v *source.Value, f field) *scenarios.Local {
	const fix = "write local: [PROGRAM, ...], or local: true for entrypoint and command"
	out := &scenarios.Local{}
	if v.Kind == source.Scalar && v.Tag == source.TagBool {
		if v.Text == "true" {
			return out
		}
		d.Problem(v, f.key+" is "+v.Text, "leave it out, or "+fix)
		return nil
	}
	before := len(d.Problems)
	d.words(v, &out.Command, f)
	if len(d.Problems) == before && len(out.Command) == 0 {
		d.Problem(v, f.key+" has no words in it", fix)
	}
	if len(d.Problems) > before {
		return nil
	}
	return out
}

func (w *schemaWriter) local(f field, patch bool) schema {
	return schema{"anyOf": []any{schema{"type": "boolean"}, w.words(f, patch)}}
}
