package scenarios

import (
	"errors"
	"fmt"
	"os"

	"github.com/squallhq/squall/faults"
)

// Document is a scenario with the file that it was read from, one variant applied.
type Document struct {
	Scenario *Scenario
	// File is what positions call the file.
	File string

	// root is the file's tree with its variant and templates in, templates those that the file has.
	root, templates *value
	// text is what was parsed, for AsRun.
	text []byte
}

// LoadFile reads a scenario file with one variant applied, "" for none. A mistake in the file is
// Problems; any other error is about reading it.
func LoadFile(path, variant string) (*Document, error) {
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
func Parse(file string, data []byte, variant string) (*Document, error) {
	root, problems := read(file, data)
	if root == nil || len(problems) > 0 {
		return nil, problems.ordered()
	}
	told := &report{file: file}
	if root.kind != mapping {
		told.problem(root, "a scenario is a mapping, not "+root.what(), "write scenario: NAME, then topology, load and phases")
		return nil, told.problems
	}
	root, names := vary(told, root, variant)
	doc := &Document{File: file, root: root.without("templates"), templates: root.get("templates"), text: data}
	d := newDecoder(told, doc.templates)
	doc.Scenario = d.scenario(doc.root)
	doc.Scenario.Variant, doc.Scenario.Variants = variant, names
	doc.changes(told, d)
	doc.check(told)
	if other := doc.WithStandIns(); other != doc {
		other.check(told)
	}
	if len(told.problems) > 0 {
		return nil, told.problems.ordered()
	}
	return doc, nil
}

func (doc *Document) check(told *report) {
	newValidator(doc.Scenario, doc.root, told).validate()
}

// Check parses a scenario on its own and with each of its variants, and returns every mistake once.
func Check(file string, data []byte) Problems {
	doc, err := Parse(file, data, "")
	var problems Problems
	errors.As(err, &problems)
	var names []string
	if doc != nil {
		names = doc.Scenario.Variants
	} else if root, syntax := read(file, data); len(syntax) == 0 && root.kind == mapping {
		_, names = vary(&report{file: file}, root, "")
	}
	for _, name := range names {
		var more Problems
		if _, err := Parse(file, data, name); errors.As(err, &more) {
			problems = append(problems, more...)
		}
	}
	return problems.ordered()
}

// Position finds a path of the scenario in its file, as in
//
//	doc.Position(At("phases").Item(1).Key("faults").Item(0).Key("on"))
//
// It is a scalar's own place, or the key of a list or mapping. What the file does not have is
// where the last of its parents stands. What a variant or template brought stands there.
func (doc *Document) Position(path Path) Position {
	at := placeAt(doc.root, path)
	return Position{doc.File, at.line, at.column}
}

// Changed is a node of the scenario with patches on it, the first one first. Without any it is the node itself.
func (doc *Document) Changed(name string, patches ...faults.Patch) (*Node, error) {
	n := doc.Scenario.Node(name)
	if n == nil {
		return nil, fmt.Errorf("change %q: there is no such node", name)
	}
	if len(patches) == 0 {
		return n, nil
	}
	tree := doc.root.get("topology").get(name)
	if tree == nil {
		return nil, fmt.Errorf("change %q: the scenario's file does not have it", name)
	}
	told := &report{file: "change"}
	for _, p := range patches {
		with, problems := read("change", []byte(p.Text))
		if len(problems) > 0 {
			return nil, fmt.Errorf("change %q with %s: %w", name, p.Words, problems)
		}
		tree = patch(tree, with, func(entry) {})
	}
	node := newDecoder(told, doc.templates).changedNode(entry{key: name, value: tree}, n)
	if len(told.problems) > 0 {
		return nil, fmt.Errorf("change %q: %w", name, told.problems.ordered())
	}
	return node, nil
}
