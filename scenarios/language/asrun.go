package language

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// AsRun is a scenario with a variant applied and without variants, as YAML. Parsing it gives a
// Scenario that is Equal to what Parse gives for the same data and variant. Anchors are expanded
// and comments dropped. Each load's api_key is replaced by a placeholder of its own (redacted-1,
// ...), so that built-in gateways still tell clients apart; passwords in env, headers and dsn stay. What came
// from the environment is written out, but stays ${NAME} where secrets stand.
func AsRun(data []byte, variant string) ([]byte, error) {
	root, err := varied(data, variant)
	if err != nil {
		return nil, err
	}
	return written(root, variant)
}

// AsRun is AsRun of the text that the document was parsed from, whatever has become of its file since, with the
// seed that its run took: laying it out again gives the same plan.
func (doc *Document) AsRun(seed uint64) ([]byte, error) {
	root, err := varied(doc.text, doc.Scenario.Variant)
	if err != nil {
		return nil, err
	}
	if root, err = set(root, doc.sets); err != nil {
		return nil, err
	}
	return written(doc.findable(seeded(root, seed)), doc.Scenario.Variant)
}

// varied is a text's tree with a variant in, as it is before templates.
func varied(data []byte, variant string) (*source.Value, error) {
	const file = "scenario"
	root, problems := read(file, data)
	if len(problems) > 0 {
		return nil, problems.Ordered()
	}
	told := &source.Report{File: file}
	if root.Kind != source.Mapping {
		told.Problem(root, "a scenario is a mapping, not "+root.What(), "")
		return nil, told.Problems
	}
	root, _, _ = vary(told, root, variant)
	if len(told.Problems) > 0 {
		return nil, told.Problems.Ordered()
	}
	return root, nil
}

// findable is the tree with whole paths of the files that loads name: as run it stands in another folder. The files are not
// kept there: there may be passwords in them.
func (doc *Document) findable(root *source.Value) *source.Value {
	loads := root.Get("load")
	if loads == nil {
		return root
	}
	out := loads
	for _, e := range loads.Entries {
		one := e.Value
		if tables := one.Get("data"); tables != nil {
			moved := tables
			for _, t := range tables.Entries {
				if t.Value.Kind == source.Mapping {
					moved = moved.Replacing(t.Key, doc.moved(t.Value), t.At)
				} else {
					moved = moved.Replacing(t.Key, doc.whole(t.Value), t.At)
				}
			}
			one = one.Replacing("data", moved, e.At)
		}
		if o := one.Entry("openapi"); o != nil && o.Value.Kind == source.Scalar {
			one = one.Replacing("openapi", doc.whole(o.Value), o.At)
		} else if o != nil {
			one = one.Replacing("openapi", doc.moved(o.Value), o.At)
		}
		for _, within := range []string{"tls", "replay"} {
			t := one.Entry(within)
			if t == nil {
				continue
			}
			moved := t.Value
			for _, key := range []string{"ca", "cert", "key", "log", "har"} {
				if file := moved.Entry(key); file != nil {
					moved = moved.Replacing(key, doc.whole(file.Value), file.At)
				}
			}
			one = one.Replacing(within, moved, t.At)
		}
		if requests := one.Get("requests"); requests != nil {
			one = one.Replacing("requests", doc.each(requests), e.At)
		}
		if steps := one.Get("session").Get("steps"); steps != nil {
			one = one.Replacing("session", one.Get("session").Replacing("steps", doc.each(steps), e.At), e.At)
		}
		out = out.Replacing(e.Key, one, e.At)
	}
	return root.Replacing("load", out, loads.At)
}

// each is a list of mappings whose files have whole paths.
func (doc *Document) each(list *source.Value) *source.Value {
	out := *list
	out.Items = slices.Clone(list.Items)
	for i, item := range out.Items {
		out.Items[i] = doc.moved(item)
	}
	return &out
}

func (doc *Document) moved(v *source.Value) *source.Value {
	file := v.Entry("file")
	if file == nil || file.Value.Kind != source.Scalar {
		return v
	}
	return v.Replacing("file", doc.whole(file.Value), file.At)
}

func (doc *Document) whole(path *source.Value) *source.Value {
	if path.Kind != source.Scalar || path.IsNull() {
		return path
	}
	out := *path
	out.Text = doc.Beside(path.Text)
	return &out
}

// seeded is the tree with this seed, below what says what the scenario is.
func seeded(root *source.Value, seed uint64) *source.Value {
	number := &source.Value{Kind: source.Scalar, Tag: source.TagNumber, Text: strconv.FormatUint(seed, 10)}
	if root.Get("seed") != nil {
		return source.Patch(root, &source.Value{Kind: source.Mapping, Entries: []source.Entry{{Key: "seed", Value: number}}}, func(source.Entry) {})
	}
	out := *root
	at := 1 + slices.IndexFunc(root.Entries, func(e source.Entry) bool { return e.Key == "scenario" })
	if about := slices.IndexFunc(root.Entries, func(e source.Entry) bool { return e.Key == "about" }); about >= at {
		at = about + 1
	}
	out.Entries = slices.Insert(slices.Clone(root.Entries), at, source.Entry{Key: "seed", Value: number})
	return &out
}

// settle decodes a tree once, so that what came from the environment and looks like a number is written in quotes where text
// is wanted.
func settle(root *source.Value) {
	root.Withhold(grammar.Withheld)
	fork := root.Fork() // decoding puts templates in
	grammar.NewDecoder(&source.Report{}, fork.Get("templates")).Scenario(fork.Without("templates"))
}

func written(root *source.Value, variant string) ([]byte, error) {
	settle(root)
	out, err := source.Write(redacted(root))
	if err != nil {
		return nil, err
	}
	header := "# As run"
	if variant != "" {
		header += ", with variant " + variant
	}
	return append([]byte(header+".\n"), out...), nil
}

// redacted replaces the API keys of the loads; equal keys stay equal.
func redacted(root *source.Value) *source.Value {
	loads := root.Get("load")
	if loads == nil || loads.Kind != source.Mapping {
		return root
	}
	seen := map[string]string{}
	change := &source.Value{Kind: source.Mapping}
	for _, load := range loads.Entries {
		key := load.Value.Get("api_key")
		if key == nil || key.Kind != source.Scalar || key.IsNull() || key.Withheld() {
			continue
		}
		if seen[key.Text] == "" {
			seen[key.Text] = fmt.Sprintf("redacted-%d", len(seen)+1)
		}
		hidden := &source.Value{Kind: source.Scalar, Tag: source.TagText, Text: seen[key.Text]}
		change.Entries = append(change.Entries, source.Entry{Key: load.Key, Value: &source.Value{Kind: source.Mapping, Entries: []source.Entry{{Key: "api_key", Value: hidden}}}})
	}
	return source.Patch(root, &source.Value{Kind: source.Mapping, Entries: []source.Entry{{Key: "load", Value: change}}}, func(source.Entry) {})
}
