package scenarios

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// LoadFile reads a scenario file with one variant applied, "" for none. A mistake in the file is
// Problems; any other error is about reading it.
func LoadFile(path, variant string) (*Scenario, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, variant)
}

// readFile reads a file, and no more of it than tells that it is too large.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	if info.Mode().IsRegular() && info.Size() > MaxBytes {
		return nil, Problems{{Position{path, 1, 1}, fmt.Sprintf("the file has %d bytes, more than %d", info.Size(), MaxBytes), "split it into several scenarios"}}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	return data, nil
}

// Parse reads a scenario with one variant applied, "" for none. file names it in positions. The
// error, if there is one, is Problems: every mistake of the file, in its order.
func Parse(file string, data []byte, variant string) (*Scenario, error) {
	root, problems := read(file, data)
	if root == nil || len(problems) > 0 {
		return nil, problems.ordered()
	}
	d := &decoder{file: file}
	if root.kind != mapping {
		d.problem(root, "a scenario is a mapping, not "+root.what(), "write scenario: NAME, then topology, load and phases")
		return nil, d.problems
	}
	s := &Scenario{Variant: variant, file: file, source: data}
	root, s.Variants = d.vary(root, variant)
	d.takeTemplates(root.get("templates"))
	s.root = root.without("templates")
	d.structure(s.root, reflect.ValueOf(s).Elem(), d.fieldsOf(reflect.TypeFor[Scenario]()))
	d.checkUnused()
	s.follow()
	s.templates = root.get("templates")
	changing := &validator{Scenario: s, decoder: d}
	changing.index()
	changing.changes()
	(&validator{Scenario: s, decoder: d}).validate()
	if other := s.WithStandIns(); other != s {
		(&validator{Scenario: other, decoder: d}).validate()
	}
	if len(d.problems) > 0 {
		return nil, d.problems.ordered()
	}
	return s, nil
}

// Check parses a scenario on its own and with each of its variants, and returns every mistake once.
func Check(file string, data []byte) Problems {
	s, err := Parse(file, data, "")
	var problems Problems
	errors.As(err, &problems)
	var names []string
	if s != nil {
		names = s.Variants
	} else if root, syntax := read(file, data); len(syntax) == 0 && root.kind == mapping {
		_, names = (&decoder{file: file}).vary(root, "")
	}
	for _, name := range names {
		var more Problems
		if _, err := Parse(file, data, name); errors.As(err, &more) {
			problems = append(problems, more...)
		}
	}
	return problems.ordered()
}

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

// AsRun is AsRun of the text that the scenario was parsed from, whatever has become of its file since, with the
// seed that its run took: laying it out again gives the same plan.
func (s *Scenario) AsRun(seed uint64) ([]byte, error) {
	if s.source == nil {
		return nil, errors.New("write the scenario as run: it was not parsed from a text")
	}
	root, err := varied(s.source, s.Variant)
	if err != nil {
		return nil, err
	}
	return written(seeded(root, seed), s.Variant)
}

// varied is a text's tree with a variant in, as it is before templates.
func varied(data []byte, variant string) (*value, error) {
	const file = "scenario"
	root, problems := read(file, data)
	if len(problems) > 0 {
		return nil, problems.ordered()
	}
	d := &decoder{file: file}
	if root.kind != mapping {
		d.problem(root, "a scenario is a mapping, not "+root.what(), "")
		return nil, d.problems
	}
	root, _ = d.vary(root, variant)
	if len(d.problems) > 0 {
		return nil, d.problems.ordered()
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

// maxProblems is how many mistakes are told at once.
const maxProblems = 100

// ordered sorts by place, drops doubles, and keeps the first hundred.
func (ps Problems) ordered() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if c := a.Line - b.Line; c != 0 {
			return c
		}
		if c := a.Column - b.Column; c != 0 {
			return c
		}
		return strings.Compare(a.What, b.What)
	})
	ps = slices.CompactFunc(ps, func(a, b Problem) bool { return a.Position == b.Position && a.What == b.What })
	if len(ps) > maxProblems {
		last := ps[maxProblems]
		ps = append(ps[:maxProblems:maxProblems], Problem{last.Position, "more problems from here on", "mend the ones above first"})
	}
	return ps
}
