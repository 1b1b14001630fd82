package grammar

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios/source"
)

// faultKeys are the keys of every fault, whatever its kind.
type faultKeys struct {
	// What expectations and reports call the fault.
	Name string `yaml:"name"`
	// What the fault hits: a node, an instance (orders-2), an edge (orders -> payments), or a mapping of region, zone,
	// kind, labels, share.
	On faults.Selector `yaml:"on"`
	// When the fault begins, from the start of its phase. Default at once.
	At time.Duration `yaml:"at" zero:"unset"`
	// How long the fault lasts. Default until the end of its phase.
	For time.Duration `yaml:"for" sign:"positive"`
	// With for: the fault may last beyond the end of its phase, into the next ones, up to the end of the run. Figures
	// stay those of each phase; the fault counts among the faults of every phase that it lasts into.
	Outlasts bool `yaml:"outlasts"`
	// How long before it begins people are told that it comes: in the live view, the events, on the page and by squall ctl status.
	Countdown time.Duration `yaml:"countdown" sign:"positive"`
}

// Fault decodes a fault that stands by itself.
func (d *Decoder) Fault(v *source.Value) faults.Fault {
	var f faults.Fault
	d.fault(v, &f)
	return f
}

// fault reads one line of faults: the kind's own key, its parameters, and the keys of every fault.
func (d *Decoder) fault(v *source.Value, into *faults.Fault) {
	if v.Kind != source.Mapping {
		d.Problem(v, "a fault needs a mapping, not "+v.What(), "write {latency: 200ms, on: a -> b}")
		return
	}
	row, ok := d.faultKind(v)
	if !ok {
		return
	}
	kind := reflect.New(reflect.TypeOf(row.Zero)).Elem()
	own := d.kindFields(row)
	common := d.fieldsOf(reflect.TypeFor[faultKeys]())
	known := append([]string{row.Word}, keysOf(common)...)
	for _, f := range own {
		if !slices.Contains(known, f.key) {
			known = append(known, f.key)
		}
	}
	if row.Selection != faults.SelectOn {
		known = slices.DeleteFunc(known, func(key string) bool { return key == "on" })
	}
	before := len(d.Problems)
	for _, e := range v.Entries {
		i := slices.IndexFunc(own, func(f field) bool { return f.key == e.Key })
		switch {
		case e.Key == row.Word && row.Selection == faults.SelectValue:
			into.On = d.selector(e.Value, row.Word)
		case e.Key == row.Word && row.Selection == faults.SelectBetween:
			into.On = d.between(e.Value, row.Word, v.Get("ways"))
		case i >= 0 && e.Key == "shape" && e.Value.Kind == source.Mapping && spreadable(kind) != nil:
			shape, cv := spreadable(kind).Spread()
			*shape, *cv = d.spread(e.Value)
		case i >= 0:
			d.decode(e.Value, kind.FieldByIndex(own[i].index), own[i])
		case e.Key != "on" && slices.Contains(keysOf(common), e.Key):
			d.commonKey(e, into, common)
		case e.Key == "on" && row.Selection == faults.SelectOn:
			into.On = d.selector(e.Value, "on")
		case e.Key == "on":
			d.ProblemAt(e.At, fmt.Sprintf("%s takes no on", row.Word), fmt.Sprintf("name what it hits in its own key: {%s: ...}", row.Word))
		default:
			d.unknown(e, row.Word, known)
		}
	}
	if row.Selection == faults.SelectOn && v.Get("on") == nil {
		d.Problem(v, fmt.Sprintf("%s has no on", row.Word), "add on: NODE, or on: NODE -> NODE")
	}
	into.Kind = kind.Interface().(faults.Kind)
	if len(d.Problems) == before {
		if err := into.Kind.Validate(); err != nil {
			d.ProblemAt(v.Entry(row.Word).At, err.Error(), "")
		}
	}
}

// kindFields are the keys of a kind's struct; one that is named as the kind counts only where it holds its size.
func (d *Decoder) kindFields(row faults.Entry) []field {
	t := reflect.TypeOf(row.Zero)
	if t.Kind() != reflect.Struct {
		return nil
	}
	return d.fieldsOf(t)
}

// faultKind finds the kind by its word among the keys.
func (d *Decoder) faultKind(v *source.Value) (faults.Entry, bool) {
	var found []faults.Entry
	for _, e := range v.Entries {
		if row, ok := faults.Lookup(e.Key); ok {
			found = append(found, row)
		}
	}
	// A parameter of one kind may have the word of another.
	for _, row := range found {
		own := keysOf(d.kindFields(row))
		others := slices.ContainsFunc(found, func(o faults.Entry) bool { return o.Word != row.Word && !slices.Contains(own, o.Word) })
		if !others {
			return row, true
		}
	}
	if len(found) > 1 {
		d.ProblemAt(v.Entry(found[1].Word).At, fmt.Sprintf("a fault is both %s and %s", found[0].Word, found[1].Word), "make them two lines of faults")
		return faults.Entry{}, false
	}
	words := faultWords()
	for _, e := range v.Entries {
		if near := source.Nearest(e.Key, words); near != "" {
			d.ProblemAt(e.At, fmt.Sprintf("there is no fault %s", source.QuoteShort(e.Key)), fmt.Sprintf("did you mean %q?", near))
			return faults.Entry{}, false
		}
	}
	d.Problem(v, "a fault has no kind", "give it one of "+strings.Join(words, ", "))
	return faults.Entry{}, false
}

func faultWords() []string {
	words := make([]string, len(faults.Kinds))
	for i, row := range faults.Kinds {
		words[i] = row.Word
	}
	return words
}

func (d *Decoder) commonKey(e source.Entry, into *faults.Fault, common []field) {
	i := slices.IndexFunc(common, func(f field) bool { return f.key == e.Key })
	target := map[string]reflect.Value{
		"name": reflect.ValueOf(&into.Name), "at": reflect.ValueOf(&into.At), "for": reflect.ValueOf(&into.For),
		"outlasts": reflect.ValueOf(&into.Outlasts), "countdown": reflect.ValueOf(&into.Countdown),
	}[e.Key]
	d.decode(e.Value, target.Elem(), common[i])
}
