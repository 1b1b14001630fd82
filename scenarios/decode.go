package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
)

// decoder fills the model from a tree by the tags of its structs and collects every mistake on the way.
type decoder struct {
	*report
	templates *value
	resolved  map[string]*value // templates with their own templates in
	used      map[string]bool
	fields    map[reflect.Type][]field
}

// newDecoder decodes with the file's templates, nil for none, and tells their mistakes first.
func newDecoder(told *report, templates *value) *decoder {
	d := &decoder{report: told}
	d.takeTemplates(templates)
	return d
}

// scenario decodes a whole file, its variants and templates taken out.
func (d *decoder) scenario(root *value) *Scenario {
	s := &Scenario{}
	d.structure(root, reflect.ValueOf(s).Elem(), d.fieldsOf(reflect.TypeFor[Scenario]()))
	d.checkUnused()
	s.follow()
	return s
}

func (d *decoder) fieldsOf(t reflect.Type) []field {
	fields, ok := d.fields[t]
	if !ok {
		fields = fieldsOf(t)
		if d.fields == nil {
			d.fields = map[reflect.Type][]field{}
		}
		d.fields[t] = fields
	}
	return fields
}

// decode fills one place of the model. f says what the value is called and how it is spelled.
func (d *decoder) decode(v *value, into reflect.Value, f field) {
	if d.full() {
		return
	}
	if v.isNull() {
		d.problem(v, f.key+" is empty", "give it a value, or leave it out")
		return
	}
	if d.special(v, into, f) {
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(into.Type().Elem())
		d.decode(v, fresh.Elem(), f)
		into.Set(fresh)
	case reflect.Struct:
		d.structure(v, into, d.fieldsOf(into.Type()))
	case reflect.Slice:
		if !d.isList(v, f) {
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), len(v.items), len(v.items)))
		for i, item := range v.items {
			if one := into.Index(i); one.Kind() == reflect.Pointer {
				one.Set(reflect.New(one.Type().Elem())) // what has a mistake is empty, not nil
			}
			d.decode(item, into.Index(i), f)
		}
	case reflect.Map:
		d.texts(v, into, f)
	default:
		d.scalar(v, into, f)
	}
}

// special decodes the types whose spelling in the file is not what their struct looks like.
func (d *decoder) special(v *value, into reflect.Value, f field) bool {
	switch x := into.Addr().Interface().(type) {
	case *[]*Node:
		*x = d.nodes(v)
	case *[]*Endpoint:
		*x = d.endpoints(v)
	case *[]*Load:
		*x = d.loads(v)
	case *[]*Subscriber:
		*x = d.subscribers(v)
	case *Work:
		d.work(v, x, f)
	case *Call:
		d.call(v, x, f)
	case *Request:
		d.request(v, x)
	case *Tenant:
		d.tenant(v, x, f)
	case *Param:
		d.param(v, x, f)
	case *Step:
		d.step(v, x)
	case *Node:
		d.standIn(v, x)
	case *faults.Patch:
		d.patchText(v, x, f)
	case *[2]string:
		d.pair(v, x, f)
	case *faults.Fault:
		d.fault(v, x)
	case *Expectation:
		d.expectation(v, x)
	default:
		return false
	}
	return true
}

// structure fills a struct from a mapping: unknown keys, missing keys and templates.
func (d *decoder) structure(v *value, into reflect.Value, fields []field) bool {
	noun := nounOf(into.Type())
	if v.kind != mapping {
		d.problem(v, fmt.Sprintf("%s needs a mapping, not %s", noun, v.what()), "write {"+firstKeys(fields)+"}")
		return false
	}
	if i := slices.IndexFunc(fields, func(f field) bool { return f.key == "use" }); i >= 0 {
		d.use(v)
	}
	d.keys(v, into, fields, noun)
	for _, f := range fields {
		if f.need && v.get(f.key) == nil {
			d.problem(v, fmt.Sprintf("%s has no %s", noun, f.key), "add "+f.key+": "+hint(f))
		}
	}
	return true
}

// keys decodes what is there.
func (d *decoder) keys(v *value, into reflect.Value, fields []field, noun string) {
	for _, e := range v.entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == e.key })
		if i < 0 {
			known := keysOf(fields)
			if into.Type() == reflect.TypeFor[Scenario]() {
				known = append(known, "templates", "variants") // taken out before
			}
			d.unknown(e, noun, known)
			continue
		}
		d.decode(e.value, into.FieldByIndex(fields[i].index), fields[i])
	}
}

func (d *decoder) unknown(e entry, noun string, known []string) {
	if d.full() {
		return
	}
	d.problemAt(e.at, fmt.Sprintf("unknown key %s in %s", quoteShort(e.key), noun), didYouMean(e.key, known, "its keys"))
}

func (d *decoder) isList(v *value, f field) bool {
	if v.kind == list {
		return true
	}
	d.problem(v, fmt.Sprintf("%s needs a list, not %s", f.key, v.what()), "write "+f.key+": [...]")
	return false
}

// texts fills a map of texts; numbers and bools are taken as they are written.
func (d *decoder) texts(v *value, into reflect.Value, f field) {
	if v.kind != mapping {
		d.problem(v, fmt.Sprintf("%s needs a mapping, not %s", f.key, v.what()), "write "+f.key+": {name: value}")
		return
	}
	out := reflect.MakeMapWithSize(into.Type(), len(v.entries))
	for _, e := range v.entries {
		if e.value.kind != scalar || e.value.isNull() {
			d.problem(e.value, fmt.Sprintf("%s in %s needs text, not %s", quoteShort(e.key), f.key, e.value.what()), "write one value")
			continue
		}
		out.SetMapIndex(reflect.ValueOf(e.key), reflect.ValueOf(e.value.text))
	}
	into.Set(out)
}

func (d *decoder) pair(v *value, into *[2]string, f field) {
	if v.kind != list || len(v.items) != 2 {
		d.problem(v, f.key+" needs two names", "write "+f.key+": [a, b]")
		return
	}
	for i, item := range v.items {
		d.scalar(item, reflect.ValueOf(&into[i]).Elem(), f)
	}
}

// name checks the name of a node, load or template.
func (d *decoder) name(noun string, e entry) bool { return checkName(d.report, noun, e) }

// checkName checks a name that others stand in relation to: of a node, load, template or variant.
func checkName(told *report, noun string, e entry) bool {
	if validName(e.key) {
		return true
	}
	told.problemAt(e.at, fmt.Sprintf("%s can't be the name of a %s", quoteShort(e.key), noun),
		fmt.Sprintf("use lower-case letters, digits and dashes, a letter first, at most %d", maxName))
	return false
}

// maxName keeps instance names within a DNS label, with room for the replica's number.
const maxName = 48

func validName(name string) bool {
	if name == "" || len(name) > maxName || name[0] < 'a' || name[0] > 'z' || name[len(name)-1] == '-' {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// nounOf is what messages call a struct.
func nounOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[CacheRule]():
		return "a cache rule"
	case reflect.TypeFor[ReadCache]():
		return "the cache of a step"
	case reflect.TypeFor[CacheKey]():
		return "key"
	case reflect.TypeFor[BotRule]():
		return "a rule about bots"
	case reflect.TypeFor[RateLimit]():
		return "rate_limit"
	case reflect.TypeFor[Retry]():
		return "retry"
	case reflect.TypeFor[Cold]():
		return "cold"
	case reflect.TypeFor[HealthCheck]():
		return "health_check"
	case reflect.TypeFor[When]():
		return "when"
	case reflect.TypeFor[Outliers]():
		return "outliers"
	case reflect.TypeFor[Breaker]():
		return "circuit_breaker"
	case reflect.TypeFor[Endpoint]():
		return "an endpoint"
	case reflect.TypeFor[Expectation]():
		return "an expectation"
	case reflect.TypeFor[Scenario]():
		return "the scenario"
	default:
		return "a " + strings.ToLower(t.Name())
	}
}

// firstKeys is how a mapping begins: the needed keys, or else the first.
func firstKeys(fields []field) string {
	var keys []string
	for _, f := range fields {
		if f.need {
			keys = append(keys, f.key+": "+hint(f))
		}
	}
	if len(keys) == 0 && len(fields) > 0 {
		keys = []string{fields[0].key + ": " + hint(fields[0])}
	}
	return strings.Join(keys, ", ")
}
