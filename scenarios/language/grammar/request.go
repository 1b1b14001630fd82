package grammar

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// Filled are the texts of a request in which parameters are replaced, each with what it is.
func Filled(r *scenarios.Request) []string {
	texts := append([]string{r.Send, r.Query, r.WebSocket, r.Body, string(r.JSON)}, r.Command...)
	if r.Write != nil {
		texts = append(texts, r.Write.ID, r.Write.Key)
	}
	for _, m := range []map[string]string{r.Headers, r.Form} {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			texts = append(texts, m[key])
		}
	}
	return texts
}

// ParametersOf are the names of a request's parameters in the order of their first appearance.
func ParametersOf(r *scenarios.Request) []string {
	var names []string
	for _, text := range Filled(r) {
		for _, match := range scenarios.Placeholder.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(names, match[1]) {
				names = append(names, match[1])
			}
		}
	}
	return names
}

// request reads one request; the keys that a request does not have itself are its parameters.
func (d *Decoder) request(v *source.Value, into *scenarios.Request) {
	fields := d.fieldsOf(reflect.TypeFor[scenarios.Request]())
	if v.Kind != source.Mapping {
		d.Problem(v, "a request needs a mapping, not "+v.What(), `write {send: "GET /path"}`)
		return
	}
	own := v.Without()
	own.Entries = nil
	var params []source.Entry
	for _, e := range v.Entries {
		if slices.Contains(keysOf(fields), e.Key) && !namesParam(v, e) {
			own.Entries = append(own.Entries, e)
		} else {
			params = append(params, e)
		}
	}
	d.structure(own, reflect.ValueOf(into).Elem(), fields)
	d.asked(v, into)
	if into.Protocol() == scenarios.HTTP && into.Send != "" {
		if what, fix := CheckMatch(into.Send, true); what != "" {
			d.Problem(v.Get("send"), what, fix)
		} else if strings.HasSuffix(into.Send, "*") {
			d.Problem(v.Get("send"), "send has a * in it", "write the path that is sent, with {parameters}")
		}
	}
	d.bodies(own)
	d.params(params, into, keysOf(fields))
}

// namesParam tells a key that is a request's own and says all the same how a parameter of that name is drawn.
func namesParam(request *source.Value, e source.Entry) bool {
	shape := e.Value
	if shape.Kind != source.Mapping || shape.Get("zipf") == nil && shape.Get("uniform") == nil && shape.Get("sequence") == nil {
		return false
	}
	for _, key := range []string{"send", "body"} {
		if text := request.Get(key); text != nil && strings.Contains(text.Text, "{"+e.Key+"}") {
			return true
		}
	}
	return false
}

// bodies checks that a request has one body at most.
func (d *Decoder) bodies(v *source.Value) {
	first := ""
	for _, e := range v.Entries {
		if !slices.Contains([]string{"body", "json", "form", "file"}, e.Key) {
			continue
		}
		if first != "" {
			d.ProblemAt(e.At, fmt.Sprintf("a request has both %s and %s", first, e.Key), "keep one of them: a request has one body")
		}
		first = e.Key
	}
}

func (d *Decoder) params(params []source.Entry, into *scenarios.Request, own []string) {
	names := ParametersOf(into)
	for _, e := range params {
		if !slices.Contains(names, e.Key) {
			d.ProblemAt(e.At, fmt.Sprintf("%s is no parameter of the request, and no key of its own", source.QuoteShort(e.Key)),
				source.DidYouMean(e.Key, append(slices.Clone(own), names...), "its keys and parameters"))
			continue
		}
		if into.Params == nil {
			into.Params = map[string]scenarios.Param{}
		}
		var p scenarios.Param
		d.decode(e.Value, reflect.ValueOf(&p).Elem(), field{key: source.Shorten(e.Key)})
		into.Params[e.Key] = p
	}
}

// param wants exactly one of its three shapes.
func (d *Decoder) param(v *source.Value, into *scenarios.Param, f field) {
	const fix = "write {uniform: true, of: 1000}, {zipf: 1.1, of: 1000} or {sequence: true}"
	if v.Kind != source.Mapping {
		d.Problem(v, fmt.Sprintf("parameter %s needs a mapping, not %s", f.key, v.What()), fix)
		return
	}
	d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Param]()))
	shapes := 0
	for _, key := range []string{"zipf", "uniform", "sequence"} {
		shape := v.Get(key)
		if shape == nil {
			continue
		}
		shapes++
		if shape.Tag == source.TagBool && strings.EqualFold(shape.Text, "false") {
			d.Problem(shape, key+" is false", "leave it out, and give another shape")
		}
	}
	if shapes != 1 {
		d.Problem(v, fmt.Sprintf("parameter %s has %d shapes, not one", f.key, shapes), fix)
	}
}
