package mesh

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// parameters are a toxic's attributes, read and checked. Which of them count depends on its type.
type parameters struct {
	delay, jitter   time.Duration
	shape           string
	rate            float64 // bytes per second
	bytes           int64
	size, variation int
}

// attribute is one attribute of a type of toxic: a number from least up, in unit.
type attribute struct {
	name  string
	least float64
	whole bool
	set   func(*parameters, float64)
}

// most bounds every number, so that none overflows: 31 years in ms.
const most = 1e12

func delayIn(name string, unit time.Duration) attribute {
	return attribute{name: name, set: func(p *parameters, v float64) { p.delay = time.Duration(v * float64(unit)) }}
}

// attributesOf lists what a type of toxic takes; ok is false for an unknown type.
func attributesOf(kind string) (list []attribute, ok bool) {
	switch kind {
	case "latency":
		return []attribute{
			delayIn("latency", time.Millisecond),
			{name: "jitter", set: func(p *parameters, v float64) { p.jitter = time.Duration(v * float64(time.Millisecond)) }},
		}, true
	case "bandwidth":
		return []attribute{{name: "rate", set: func(p *parameters, v float64) { p.rate = v * 1000 }}}, true
	case "slow_close":
		return []attribute{delayIn("delay", time.Millisecond)}, true
	case "timeout", "reset_peer":
		return []attribute{delayIn("timeout", time.Millisecond)}, true
	case "slicer":
		return []attribute{
			{name: "average_size", least: 1, whole: true, set: func(p *parameters, v float64) { p.size = int(v) }},
			{name: "size_variation", whole: true, set: func(p *parameters, v float64) { p.variation = int(v) }},
			delayIn("delay", time.Microsecond),
		}, true
	case "limit_data":
		return []attribute{{name: "bytes", whole: true, set: func(p *parameters, v float64) { p.bytes = int64(v) }}}, true
	default:
		return nil, false
	}
}

// parseAttributes reads a toxic's attributes and returns them with toxiproxy's defaults filled in.
// Whatever toxiproxy's toxics would crash on or silently ignore is an error.
func parseAttributes(kind string, given map[string]any) (parameters, map[string]any, error) {
	var p parameters
	list, ok := attributesOf(kind)
	if !ok {
		return p, nil, invalid("type", "%q is not a toxic; use latency, bandwidth, slow_close, timeout, reset_peer, slicer or limit_data", kind)
	}
	filled := make(map[string]any, len(list))
	names := make([]string, 0, len(list)+1)
	for _, a := range list {
		v, err := a.read(given[a.name])
		if err != nil {
			return p, nil, err
		}
		a.set(&p, v)
		filled[a.name] = v
		names = append(names, a.name)
	}
	if kind == "latency" {
		names = append(names, "shape")
		if err := p.parseShape(given["shape"]); err != nil {
			return p, nil, err
		}
		if p.shape != "" {
			filled["shape"] = p.shape
		}
	}
	for name := range given {
		if !slices.Contains(names, name) {
			return p, nil, invalid("attributes."+name, "a %s toxic has no such attribute; it has %s", kind, strings.Join(names, ", "))
		}
	}
	if kind == "slicer" && p.variation >= p.size {
		return p, nil, invalid("attributes.size_variation", "is %d; it must be less than average_size, %d", p.variation, p.size)
	}
	return p, filled, nil
}

func (a attribute) read(given any) (float64, error) {
	field := "attributes." + a.name
	var v float64
	switch g := given.(type) {
	case nil:
		if a.least > 0 {
			return 0, invalid(field, "is missing; use a number from %g", a.least)
		}
		return 0, nil
	case float64:
		v = g
	case int:
		v = float64(g)
	case int64:
		v = float64(g)
	case json.Number:
		parsed, err := g.Float64()
		if err != nil {
			return 0, invalid(field, "is %q; use a number", g)
		}
		v = parsed
	default:
		return 0, invalid(field, "is %v; use a number", given)
	}
	if !(v >= a.least && v <= most) {
		return 0, invalid(field, "is %g; use a number from %g to %g", v, a.least, float64(most))
	}
	if a.whole && v != math.Trunc(v) {
		return 0, invalid(field, "is %g; use a whole number", v)
	}
	return v, nil
}

func (p *parameters) parseShape(given any) error {
	switch given {
	case nil, "":
	case shapeUniform, shapeNormal, shapePareto:
		p.shape, _ = given.(string)
	default:
		return invalid("attributes.shape", "is %v; use uniform, normal or pareto", given)
	}
	return nil
}
