// Package language reads scenario files: variants, templates, every key decoded and checked, and every mistake told at
// once with its place and what would be right. What it gives is plain values, in a Document that knows where they stand.
package language

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/check"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
	"github.com/squallhq/squall/scenarios/topology"
)

// Document is a scenario with the file that it was read from, one variant applied.
type Document struct {
	*scenarios.Scenario
	// File is what positions call the file.
	File string

	// ShouldFail tells that the variant says of itself that it does not keep what the scenario expects (expect: fail).
	ShouldFail bool

	// root is the file's tree with its variant and templates in, templates those that the file has.
	root, templates *source.Value
	// standsIn tells a node in whose place another stands; nil: none does.
	standsIn func(node string) bool
	// text is what was parsed, sets what was changed in it, for AsRun.
	text []byte
	sets []string
}

// LoadFile reads a scenario file with one variant applied, "" for none, and then changes, each PATH=VALUE. A mistake in the file is
// Problems, one in a change a SetError; any other error is about reading it.
func LoadFile(path, variant string, sets ...string) (*Document, error) {
	data, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, variant, sets...)
}

// ReadFile reads a scenario's text, and no more of it than tells that it is too large: what is read may have no end.
func ReadFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	defer file.Close()
	return ReadText(file)
}

// ReadText is ReadFile of what is open. Parse tells of a text that is too large.
func ReadText(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, source.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	return data, nil
}

// Parse reads a scenario with one variant applied, "" for none, and then changes, each PATH=VALUE. file names it in positions. The
// error, if there is one, is Problems: every mistake of the file, in its order; or a SetError, where the file has none.
func Parse(file string, data []byte, variant string, sets ...string) (*Document, error) {
	if len(sets) == 0 {
		return parse(file, data, variant, nil)
	}
	if _, err := parse(file, data, variant, nil); err != nil {
		return nil, err
	}
	doc, err := parse(file, data, variant, sets)
	return doc, blamed(err, sets)
}

func parse(file string, data []byte, variant string, sets []string) (*Document, error) {
	root, problems := read(file, data)
	if foreign := composeFile(file, root); foreign != nil {
		return nil, foreign
	}
	if root == nil || len(problems) > 0 {
		return nil, problems.Ordered()
	}
	told := &source.Report{File: file}
	if root.Kind != source.Mapping {
		told.Problem(root, "a scenario is a mapping, not "+root.What(), "write scenario: NAME, then topology, load and phases")
		return nil, told.Problems
	}
	root, names, shouldFail := vary(told, root, variant)
	if len(sets) > 0 && len(told.Problems) == 0 {
		changed, err := set(root, sets)
		if err != nil {
			return nil, err
		}
		root = changed
		root.Withhold(grammar.Withheld)
	}
	doc := &Document{File: file, ShouldFail: shouldFail, sets: sets, root: root.Without("templates"), templates: root.Get("templates"), text: data}
	open := doc.open()
	d := grammar.NewDecoder(told, doc.templates)
	doc.Scenario = d.Scenario(doc.root)
	doc.Scenario.Variant, doc.Scenario.Variants = variant, names
	doc.Scenario.Folder = filepath.Dir(file)
	if doc.Scenario.Open = open; open != nil {
		open.Variant, open.Variants = variant, names
	}
	doc.changes(told, d)
	doc.attach(told)
	attachTo(doc.Scenario.Open, doc.Scenario)
	doc.check(told)
	if other := doc.WithStandIns(scenarios.Reach{}); other != doc {
		other.check(told)
	}
	if len(told.Problems) > 0 {
		return nil, doc.masked(told.Problems.Ordered())
	}
	return doc, nil
}

func (doc *Document) check(told *source.Report) {
	c := check.New(doc.Scenario, doc.root, told)
	c.StandsIn = doc.standsIn
	c.All()
}

// Check parses a scenario on its own and with each of its variants, and returns every mistake once.
func Check(file string, data []byte) source.Problems {
	doc, err := Parse(file, data, "")
	var problems source.Problems
	errors.As(err, &problems)
	var names []string
	if doc != nil {
		names = doc.Scenario.Variants
	} else if root, syntax := source.Read(file, data); len(syntax) == 0 && root.Kind == source.Mapping {
		_, names, _ = vary(&source.Report{File: file}, root, "")
	}
	for _, name := range names {
		var more source.Problems
		if _, err := Parse(file, data, name); errors.As(err, &more) {
			problems = append(problems, more...)
		}
	}
	return problems.Ordered()
}

// Position finds a path of the scenario in its file, as in
//
//	doc.Position(At("phases").Item(1).Key("faults").Item(0).Key("on"))
//
// It is a scalar's own place, or the key of a list or mapping. What the file does not have is
// where the last of its parents stands. What a variant or template brought stands there.
func (doc *Document) Position(path scenarios.Path) source.Position {
	at := grammar.PlaceAt(doc.root, path)
	return source.Position{File: doc.File, Line: at.Line, Column: at.Column}
}

// Plan makes the scenario concrete: it lays out its topology, resolves its faults and schedules them. The same document
// and seed give the same plan. A mistake that shows only then is source.Problems too.
func (doc *Document) Plan(seed uint64) (*topology.Plan, error) {
	p, err := topology.NewWith(doc.Scenario, seed, doc.Changed)
	if problems, ok := errors.AsType[topology.Problems](err); ok {
		var told source.Problems
		for _, one := range problems {
			told = append(told, source.Problem{Position: doc.Position(one.At), What: one.What, Fix: one.Fix})
		}
		return nil, doc.masked(told)
	}
	if err != nil {
		return nil, err
	}
	for n := range p.Faults {
		p.Faults[n].Line = doc.Position(p.Faults[n].Path).String()
	}
	return p, nil
}

// Changed is a node of the scenario with patches on it, the first one first. Without any it is the node itself.
func (doc *Document) Changed(name string, patches ...faults.Patch) (*scenarios.Node, error) {
	n := doc.Scenario.Node(name)
	if n == nil {
		return nil, fmt.Errorf("change %q: there is no such node", name)
	}
	if len(patches) == 0 {
		return n, nil
	}
	tree := doc.root.Get("topology").Get(name)
	if tree == nil {
		return nil, fmt.Errorf("change %q: the scenario's file does not have it", name)
	}
	told := &source.Report{File: "change"}
	for _, p := range patches {
		with, problems := source.Read("change", []byte(p.Text))
		if len(problems) > 0 {
			return nil, fmt.Errorf("change %q with %s: %w", name, p.Words, problems)
		}
		with.Withhold(grammar.Withheld)
		tree = source.Patch(tree, with, func(source.Entry) {})
	}
	node := grammar.NewDecoder(told, doc.templates).ChangedNode(source.Entry{Key: name, Value: tree}, n)
	doc.Scenario.SettlePorts(node)
	if len(told.Problems) > 0 {
		return nil, fmt.Errorf("change %q: %w", name, doc.masked(told.Problems.Ordered()))
	}
	return node, nil
}
