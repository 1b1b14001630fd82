package grammar

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// dependsOn reads who is there before a node: a list of names, or a mapping of them to conditions.
func (d *Decoder) dependsOn(v *source.Value, f field) []scenarios.Dependency {
	var out []scenarios.Dependency
	switch v.Kind {
	case source.List:
		for _, item := range v.Items {
			if item.Kind != source.Scalar || item.Tag != source.TagText {
				d.Problem(item, fmt.Sprintf("%s needs names of nodes, not %s", f.key, item.What()), "write "+f.key+": [db]")
				continue
			}
			out = append(out, scenarios.Dependency{Node: item.Text})
		}
	case source.Mapping:
		for _, e := range v.Entries {
			one := scenarios.Dependency{Node: e.Key}
			if e.Value.Kind != source.Mapping {
				d.Problem(e.Value, fmt.Sprintf("%s in %s needs a mapping, not %s", source.QuoteShort(e.Key), f.key, e.Value.What()), "write "+f.key+": {"+source.Shorten(e.Key)+": {condition: service_healthy}}")
				continue
			}
			d.structure(e.Value, reflect.ValueOf(&one).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Dependency]()))
			out = append(out, one)
		}
	default:
		d.Problem(v, f.key+" needs a list of nodes, not "+v.What(), "write "+f.key+": [db], or {db: {condition: service_healthy}}")
	}
	return out
}

// job reads true, or how long it may take.
func (d *Decoder) job(v *source.Value, f field) *scenarios.Job {
	if v.Kind == source.Scalar && v.Tag == source.TagBool {
		if strings.EqualFold(v.Text, "true") {
			return &scenarios.Job{}
		}
		return nil
	}
	out := &scenarios.Job{}
	if v.Kind != source.Mapping {
		d.Problem(v, fmt.Sprintf("%s needs true or a mapping, not %s", f.key, v.What()), "write job: true, or job: {timeout: 10m}")
		return out
	}
	d.structure(v, reflect.ValueOf(out).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Job]()))
	return out
}

// restart reads no, always, unless-stopped, on-failure or on-failure:N.
func (d *Decoder) restart(v *source.Value, into *scenarios.Restart, f field) {
	const fix = "use no, always, unless-stopped, on-failure or on-failure:3"
	if v.Kind != source.Scalar || v.IsNull() {
		d.Problem(v, fmt.Sprintf("%s needs a word, not %s", f.key, v.What()), fix)
		return
	}
	word, times, limited := strings.Cut(v.Text, ":")
	n, err := strconv.Atoi(times)
	if limited && (err != nil || n < 1 || n > 1000 || word != string(scenarios.RestartOnFailure)) {
		d.Problem(v, fmt.Sprintf("%s can't be %s", f.key, source.QuoteShort(v.Text)), "write on-failure:3: how often at most, 1 to 1000")
		return
	}
	switch word {
	case "no", "false": // YAML takes no for false
		*into = scenarios.Restart{}
	case "always", "unless-stopped": // nobody of the run stops it but a fault, and that says when it starts again
		*into = scenarios.Restart{When: scenarios.RestartAlways}
	case "on-failure":
		*into = scenarios.Restart{When: scenarios.RestartOnFailure, Most: n}
	default:
		d.Problem(v, fmt.Sprintf("%s can't be %s", f.key, source.QuoteShort(v.Text)), fix)
	}
}

func (w *schemaWriter) dependsOn(field, bool) schema {
	each := schema{"anyOf": []any{w.structure(reflect.TypeFor[scenarios.Dependency](), false), schema{"type": "null"}}}
	return schema{"anyOf": []any{schema{"type": "array", "items": textSchema}, schema{"type": "object", "additionalProperties": each}}}
}

func (w *schemaWriter) job(field, bool) schema {
	return schema{"anyOf": []any{schema{"type": "boolean"}, w.structure(reflect.TypeFor[scenarios.Job](), false)}}
}

func (w *schemaWriter) restart(field, bool) schema {
	return schema{"anyOf": []any{schema{"type": "string", "pattern": `^(no|always|unless-stopped|on-failure(:[1-9][0-9]*)?)$|\$\{`}, schema{"const": false}}}
}
