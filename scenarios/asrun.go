package scenarios

import (
	"fmt"
	"slices"
	"strconv"
)

// AsRun is a scenario with a variant applied and without variants, as YAML. Parsing it gives a
// Scenario that is Equal to what Parse gives for the same data and variant. Anchors are expanded
// and comments dropped. Each load's api_key is replaced by a placeholder of its own (redacted-1,
// ...), so that built-in gateways still tell clients apart; passwords in env, headers and dsn stay.
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
	return written(seeded(root, seed), doc.Scenario.Variant)
}

// varied is a text's tree with a variant in, as it is before templates.
func varied(data []byte, variant string) (*value, error) {
	const file = "scenario"
	root, problems := read(file, data)
	if len(problems) > 0 {
		return nil, problems.ordered()
	}
	told := &report{file: file}
	if root.kind != mapping {
		told.problem(root, "a scenario is a mapping, not "+root.what(), "")
		return nil, told.problems
	}
	root, _ = vary(told, root, variant)
	if len(told.problems) > 0 {
		return nil, told.problems.ordered()
	}
	return root, nil
}

// seeded is the tree with this seed, below what says what the scenario is.
func seeded(root *value, seed uint64) *value {
	number := &value{kind: scalar, tag: tagNumber, text: strconv.FormatUint(seed, 10)}
	if root.get("seed") != nil {
		return patch(root, &value{kind: mapping, entries: []entry{{key: "seed", value: number}}}, func(entry) {})
	}
	out := *root
	at := 1 + slices.IndexFunc(root.entries, func(e entry) bool { return e.key == "scenario" })
	if about := slices.IndexFunc(root.entries, func(e entry) bool { return e.key == "about" }); about >= at {
		at = about + 1
	}
	out.entries = slices.Insert(slices.Clone(root.entries), at, entry{key: "seed", value: number})
	return &out
}

func written(root *value, variant string) ([]byte, error) {
	out, err := write(redacted(root))
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
func redacted(root *value) *value {
	loads := root.get("load")
	if loads == nil || loads.kind != mapping {
		return root
	}
	seen := map[string]string{}
	change := &value{kind: mapping}
	for _, load := range loads.entries {
		key := load.value.get("api_key")
		if key == nil || key.kind != scalar || key.isNull() {
			continue
		}
		if seen[key.text] == "" {
			seen[key.text] = fmt.Sprintf("redacted-%d", len(seen)+1)
		}
		hidden := &value{kind: scalar, tag: tagText, text: seen[key.text]}
		change.entries = append(change.entries, entry{key: load.key, value: &value{kind: mapping, entries: []entry{{key: "api_key", value: hidden}}}})
	}
	return patch(root, &value{kind: mapping, entries: []entry{{key: "load", value: change}}}, func(entry) {})
}
