// Package grammar is how each key of the language is spelled: from the tags of the model's structs it decodes a tree,
// writes the JSON schema and makes the reference that `squall explain` prints.
package grammar

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// Decoder fills the model from a tree by the tags of its structs and collects every mistake on the way.
type Decoder struct {
	*source.Report
	templates *source.Value
	resolved  map[string]*source.Value // templates with their own templates in
	used      map[string]bool
	fields    map[reflect.Type][]field
	spellings map[reflect.Type]spelling
}

// NewDecoder decodes with the file's templates, nil for none, and tells their mistakes first.
func NewDecoder(told *source.Report, templates *source.Value) *Decoder {
	d := &Decoder{Report: told}
	d.takeTemplates(templates)
	return d
}

// Scenario decodes a whole file, its variants and templates taken out.
func (d *Decoder) Scenario(root *source.Value) *scenarios.Scenario {
	s := &scenarios.Scenario{}
	d.structure(root, reflect.ValueOf(s).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Scenario]()))
	d.checkUnused()
	s.Follow()
	for _, n := range s.Nodes {
		s.SettlePorts(n)
	}
	s.Address()
	return s
}

// spelling is how a type is spelled where its struct does not say it.
func (d *Decoder) spelling(t reflect.Type) spelling {
	if d.spellings == nil {
		d.spellings = spellings(d, nil)
	}
	return d.spellings[t]
}

func (d *Decoder) fieldsOf(t reflect.Type) []field {
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
func (d *Decoder) decode(v *source.Value, into reflect.Value, f field) {
	if d.Full() {
		return
	}
	if v.IsNull() {
		d.Problem(v, f.key+" is empty", "give it a value, or leave it out")
		return
	}
	if own := d.spelling(into.Type()); own.decode != nil {
		own.decode(v, into, f)
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
		into.Set(reflect.MakeSlice(into.Type(), len(v.Items), len(v.Items)))
		for i, item := range v.Items {
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

// structure fills a struct from a mapping: unknown keys, missing keys and templates.
func (d *Decoder) structure(v *source.Value, into reflect.Value, fields []field) bool {
	noun := nounOf(into.Type())
	if v.Kind != source.Mapping {
		d.Problem(v, fmt.Sprintf("%s needs a mapping, not %s", noun, v.What()), "write {"+firstKeys(fields)+"}")
		return false
	}
	if i := slices.IndexFunc(fields, func(f field) bool { return f.key == "use" }); i >= 0 {
		d.use(v)
	}
	d.keys(v, into, fields, noun)
	for _, f := range fields {
		if f.need && v.Get(f.key) == nil {
			d.Problem(v, fmt.Sprintf("%s has no %s", noun, f.key), "add "+f.key+": "+hint(f))
		}
	}
	return true
}

// keys decodes what is there.
func (d *Decoder) keys(v *source.Value, into reflect.Value, fields []field, noun string) {
	for _, e := range v.Entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == e.Key })
		if i < 0 {
			known := keysOf(fields)
			if into.Type() == reflect.TypeFor[scenarios.Scenario]() {
				known = append(known, "templates", "variants") // taken out before
			}
			d.unknown(e, noun, known)
			continue
		}
		d.decode(e.Value, into.FieldByIndex(fields[i].index), fields[i])
	}
}

func (d *Decoder) unknown(e source.Entry, noun string, known []string) {
	if d.Full() {
		return
	}
	fix := source.DidYouMean(e.Key, known, "its keys")
	if fix == "" { // near none of many: one of these was meant all the same
		fix = everyWord(e.Key, known)
	}
	d.ProblemAt(e.At, fmt.Sprintf("unknown key %s in %s", source.QuoteShort(e.Key), noun), fix)
}

func (d *Decoder) isList(v *source.Value, f field) bool {
	if v.Kind == source.List {
		return true
	}
	d.Problem(v, fmt.Sprintf("%s needs a list, not %s", f.key, v.What()), "write "+f.key+": [...]")
	return false
}

// texts fills a map of texts; numbers and bools are taken as they are written.
func (d *Decoder) texts(v *source.Value, into reflect.Value, f field) {
	if v.Kind != source.Mapping {
		d.Problem(v, fmt.Sprintf("%s needs a mapping, not %s", f.key, v.What()), "write "+f.key+": {name: value}")
		return
	}
	out := reflect.MakeMapWithSize(into.Type(), len(v.Entries))
	for _, e := range v.Entries {
		if e.Value.Kind != source.Scalar || e.Value.IsNull() {
			d.Problem(e.Value, fmt.Sprintf("%s in %s needs text, not %s", source.QuoteShort(e.Key), f.key, e.Value.What()), "write one value")
			continue
		}
		out.SetMapIndex(reflect.ValueOf(e.Key), reflect.ValueOf(e.Value.Text))
	}
	into.Set(out)
}

func (d *Decoder) pair(v *source.Value, into *[2]string, f field) {
	if v.Kind != source.List || len(v.Items) != 2 {
		d.Problem(v, f.key+" needs two names", "write "+f.key+": [a, b]")
		return
	}
	for i, item := range v.Items {
		d.scalar(item, reflect.ValueOf(&into[i]).Elem(), f)
	}
}

// name checks the name of a node, load or template.
func (d *Decoder) name(noun string, e source.Entry) bool { return CheckName(d.Report, noun, e) }

// CheckName checks a name that others stand in relation to: of a node, load, template or variant.
func CheckName(told *source.Report, noun string, e source.Entry) bool {
	if validName(e.Key) {
		return true
	}
	told.ProblemAt(e.At, fmt.Sprintf("%s can't be the name of a %s", source.QuoteShort(e.Key), noun),
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
