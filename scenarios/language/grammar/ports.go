package grammar

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// ports reads what an image serves on: a mapping of names to numbers, or a list of ports.
func (d *Decoder) ports(v *source.Value, f field) []scenarios.Port {
	var out []scenarios.Port
	switch {
	case v.Kind == source.Mapping:
		for _, e := range v.Entries {
			one := scenarios.Port{Name: e.Key, Target: d.portNumber(e.Value, f)}
			d.portName(e.At, e.Key)
			out = append(out, one)
		}
	case v.Kind == source.List:
		for _, item := range v.Items {
			var one scenarios.Port
			if item.Kind != source.Mapping {
				one.Target = d.portNumber(item, f)
			} else if d.structure(item, reflect.ValueOf(&one).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Port]())) && item.Get("name") != nil {
				d.portName(item.Get("name").At, one.Name)
			}
			out = append(out, one)
		}
	default:
		d.Problem(v, f.key+" needs a list, not "+v.What(), "write ports: [80, 9901], or {web: 80, admin: 9901}; a single one is port: 80")
		return nil
	}
	if len(out) == 0 {
		d.Problem(v, f.key+" is empty", "add one, or leave it out")
	}
	d.portsApart(v, out)
	return out
}

// portsApart checks that no two ports are the same.
func (d *Decoder) portsApart(v *source.Value, ports []scenarios.Port) {
	for i, p := range ports {
		for _, other := range ports[:i] {
			switch {
			case p.Target != 0 && p.Target == other.Target:
				d.Problem(v, fmt.Sprintf("port %d stands here twice", p.Target), "keep one")
			case p.Name != "" && p.Name == other.Name:
				d.Problem(v, fmt.Sprintf("two ports are named %s", p.Name), "give each a name of its own")
			}
		}
	}
}

func (d *Decoder) portName(at source.Place, name string) {
	if !validName(name) {
		d.ProblemAt(at, fmt.Sprintf("%s can't be the name of a port", source.QuoteShort(name)), "use lower-case letters, digits and dashes, a letter first")
	}
}

// portNumber reads PORT, PORT/tcp or HOST:PORT; 0 where it is none.
func (d *Decoder) portNumber(v *source.Value, f field) int {
	const fix = "write the port in the container, as in 80"
	if v.Kind != source.Scalar || v.IsNull() {
		d.Problem(v, fmt.Sprintf("%s needs port numbers, not %s", f.key, v.What()), fix)
		return 0
	}
	text, protocol, _ := strings.Cut(v.Text, "/")
	if protocol != "" && protocol != "tcp" {
		d.Problem(v, fmt.Sprintf("%s is no TCP port", source.QuoteShort(v.Text)), "take it away: edges carry TCP")
		return 0
	}
	text = text[strings.LastIndexByte(text, ':')+1:]
	n, err := strconv.Atoi(text)
	switch {
	case strings.Contains(text, "-"):
		d.Problem(v, fmt.Sprintf("%s is a range of ports", source.QuoteShort(v.Text)), "write each of them")
	case err != nil || n < 1 || n > 65535:
		d.Problem(v, fmt.Sprintf("%s is no port", source.QuoteShort(v.Text)), fix)
	default:
		return n
	}
	return 0
}

// validPort tells a port's number or name.
func validPort(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n > 0 && n < 65536 || validName(text)
}

func (w *schemaWriter) ports(field, bool) schema {
	number := schema{"anyOf": []any{schema{"type": "integer", "minimum": 1, "maximum": 65535}, schema{"type": "string", "pattern": `^([^/]*:)?[0-9]+(/tcp)?$|\$\{`}}}
	named := schema{"type": "object", "minProperties": 1, "additionalProperties": number, "propertyNames": schema{"pattern": "^[a-z]([a-z0-9-]*[a-z0-9])?$"}}
	each := schema{"anyOf": []any{number, w.structure(reflect.TypeFor[scenarios.Port](), false)}}
	return schema{"anyOf": []any{named, schema{"type": "array", "minItems": 1, "items": each}}}
}
