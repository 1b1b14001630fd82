package source

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Limits on a scenario file, so that no input exhausts memory or time.
const (
	// MaxBytes is the largest file.
	MaxBytes = 1 << 20
	// MaxValues is the most keys, items and scalars, aliases expanded.
	MaxValues = 50_000
	// MaxEntries is the most keys of a mapping and items of a list.
	MaxEntries = 2_000
	// MaxDepth is how deep values may nest.
	MaxDepth = 64
)

// Read parses one YAML document into a tree, and fills in what it takes from the environment. Problems are about syntax and limits; the tree is
// nil if there is nothing to go on with.
func Read(file string, data []byte) (*Value, Problems) {
	r := &reader{file: file, data: data}
	if len(data) > MaxBytes {
		r.problem(1, 1, fmt.Sprintf("the file has more than %d bytes", MaxBytes), "split it into several scenarios")
		return nil, r.problems
	}
	return r.read()
}

// ReadAsIs is Read of somebody else's YAML, for the places in it: nothing is filled in, and ${NAME} may stand in keys.
func ReadAsIs(file string, data []byte) (*Value, Problems) {
	r := &reader{file: file, data: data, asIs: true}
	return r.read()
}

func (r *reader) read() (*Value, Problems) {
	root := r.document(r.data)
	if root == nil {
		return nil, r.problems
	}
	tree := r.convert(root, 1)
	return tree, r.problems
}

type reader struct {
	file     string
	asIs     bool // nothing is filled in
	data     []byte
	problems Problems
	values   int
	filled   int // bytes that came from the environment
	// open are the anchors being expanded, to see an alias inside of itself.
	open  map[*yaml.Node]bool
	spent bool // a limit was reported; stay silent
}

func (r *reader) problem(line, column int, what, fix string) {
	r.problems = append(r.problems, Problem{Position{r.file, max(line, 1), max(column, 1)}, what, fix})
}

// document parses the only document of the data. The YAML library has panicked on hostile
// input in the past, so a panic of it is a problem of the file.
func (r *reader) document(data []byte) (root *yaml.Node) {
	defer func() {
		if p := recover(); p != nil {
			r.problem(1, 1, fmt.Sprintf("the file is not YAML: %v", p), "")
			root = nil
		}
	}()
	if !utf8.Valid(data) && !bytes.HasPrefix(data, []byte{0xff, 0xfe}) && !bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		line, column := invalidByte(data)
		r.problem(line, column, "the file is not UTF-8 text", "save it as UTF-8")
		return nil
	}
	data, known := r.directives(data)
	if !known {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, more yaml.Node
	switch err := decoder.Decode(&document); {
	case err == io.EOF:
		r.problem(1, 1, "the file is empty", "a scenario has scenario, topology, load and phases")
		return nil
	case err != nil:
		r.syntax(data, err)
		return nil
	}
	switch err := decoder.Decode(&more); {
	case err == io.EOF:
	case err != nil:
		r.syntax(data, err)
		return nil
	default:
		r.problem(more.Line, more.Column, "a second YAML document starts here", "keep one scenario a file")
	}
	if len(document.Content) == 0 {
		r.problem(1, 1, "the file is empty", "a scenario has scenario, topology, load and phases")
		return nil
	}
	return document.Content[0]
}

func invalidByte(data []byte) (line, column int) {
	line, column = 1, 1
	for len(data) > 0 {
		c, size := utf8.DecodeRune(data)
		switch {
		case c == utf8.RuneError && size == 1:
			return line, column
		case c == '\n':
			line, column = line+1, 1
		default:
			column++
		}
		data = data[size:]
	}
	return line, column
}

var (
	yamlLine   = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// syntax reports an error of the YAML library, which names a line at best.
func (r *reader) syntax(data []byte, err error) {
	text := err.Error()[len(yamlLine.FindString(err.Error())):]
	if a := yamlAnchor.FindStringSubmatch(text); a != nil {
		line, column := find(data, "*"+a[1])
		r.problem(line, column, fmt.Sprintf("no anchor &%s stands before this", a[1]), fmt.Sprintf("define it above with &%s", a[1]))
		return
	}
	line := culprit(data, err)
	source := sourceLine(data, line)
	column := len(source) - len(strings.TrimLeft(source, " \t")) + 1
	fix := ""
	switch {
	case strings.Contains(source[:column-1], "\t"), strings.Contains(text, "cannot start any token") && strings.HasPrefix(source, "\t"):
		fix = "indent with spaces, not tabs"
	case strings.Contains(text, "mapping values are not allowed"):
		fix = "quote a text that has a colon in it, or mend the indentation"
	case strings.Contains(text, "did not find expected ',' or"):
		fix = "close the bracket, and quote texts that have brackets, braces or commas in them"
	case strings.Contains(text, "did not find expected key"):
		fix = "mend the indentation, here or in the line above"
	case strings.Contains(text, "cannot start any token"):
		fix = "quote the text"
	}
	r.problem(line, column, "the file is not YAML: "+text, fix)
}

// searched is the largest file in which culprit searches: it parses the file a dozen times.
const searched = 128 << 10

// culprit finds the line of a syntax error. The library names the line where the surrounding mapping
// or list began, if any, so the shortest beginning of the file with the same error tells better.
func culprit(data []byte, err error) int {
	if len(data) > searched {
		line, _ := strconv.Atoi(yamlLine.FindStringSubmatch(err.Error())[1]) // absent: 0
		return max(line, 1)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	return 1 + sort.Search(len(lines)-1, func(i int) bool {
		end := 0
		for _, line := range lines[:i+1] {
			end += len(line)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(data[:end]))
		for {
			var n yaml.Node
			if got := decoder.Decode(&n); got != nil {
				return got.Error() == err.Error()
			}
		}
	})
}

// find is the first place of a text.
func find(data []byte, text string) (line, column int) {
	i := bytes.Index(data, []byte(text))
	if i < 0 {
		return 1, 1
	}
	before := data[:i]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// convert turns a node into a value, aliases and merge keys resolved.
func (r *reader) convert(n *yaml.Node, depth int) *Value {
	v := &Value{At: Place{n.Line, n.Column}, flow: n.Style&yaml.FlowStyle != 0, Tag: tagNull}
	if r.values++; r.values > MaxValues || depth > MaxDepth {
		if !r.spent {
			r.spent = true
			if depth > MaxDepth {
				r.problem(n.Line, n.Column, fmt.Sprintf("values nest deeper than %d", MaxDepth), "flatten them")
			} else {
				r.problem(n.Line, n.Column, fmt.Sprintf("the file has more than %d values, aliases expanded", MaxValues), "make it smaller")
			}
		}
		return v
	}
	if (n.Kind == yaml.SequenceNode && len(n.Content) > MaxEntries) || (n.Kind == yaml.MappingNode && len(n.Content) > 2*MaxEntries) {
		r.problem(n.Line, n.Column, fmt.Sprintf("more than %d keys or items in one place", MaxEntries), "make it smaller")
		return v
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.alias(n, depth)
	case yaml.SequenceNode:
		v.Kind = List
		for _, item := range n.Content {
			if r.spent {
				break
			}
			v.Items = append(v.Items, r.convert(item, depth+1))
		}
	case yaml.MappingNode:
		v.Kind = Mapping
		r.mapping(n, v, depth)
	case yaml.ScalarNode:
		r.scalar(n, v)
	}
	return v
}

func (r *reader) scalar(n *yaml.Node, v *Value) {
	v.Text = n.Value
	defer r.fill(n, v)
	switch n.ShortTag() {
	case "!!str", "!!timestamp", "!!merge":
		v.Tag = TagText
	case "!!int":
		v.Tag = TagNumber
	case "!!float":
		v.Tag = TagFloat
	case "!!bool":
		v.Tag = TagBool
	case "!!null":
		v.Tag = tagNull
	default:
		r.problem(n.Line, n.Column, fmt.Sprintf("the tag %s means nothing here", n.Tag), "leave it out")
		v.Tag = TagText
	}
}

func (r *reader) alias(n *yaml.Node, depth int) *Value {
	if r.open[n.Alias] {
		r.problem(n.Line, n.Column, fmt.Sprintf("*%s stands inside of its own anchor", n.Value), "name another anchor")
		return &Value{At: Place{n.Line, n.Column}, Tag: tagNull}
	}
	if r.open == nil {
		r.open = map[*yaml.Node]bool{}
	}
	r.open[n.Alias] = true
	defer delete(r.open, n.Alias)
	return r.convert(n.Alias, depth+1)
}

// mapping fills v's entries: the mapping's own keys first seen, then what merge keys add.
func (r *reader) mapping(n *yaml.Node, v *Value, depth int) {
	seen := make(map[string]Place, len(n.Content)/2)
	var merges []*Value
	if n.Anchor != "" {
		if r.open == nil {
			r.open = map[*yaml.Node]bool{}
		}
		r.open[n] = true
		defer delete(r.open, n)
	}
	for i := 0; i+1 < len(n.Content) && !r.spent; i += 2 {
		key, content := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode && key.Alias != nil {
			key = &yaml.Node{Kind: key.Alias.Kind, Tag: key.Alias.Tag, Value: key.Alias.Value, Style: key.Alias.Style, Line: key.Line, Column: key.Column}
		}
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!null" {
			r.problem(key.Line, key.Column, "a key must be text", "write name: value")
			continue
		}
		r.unfilled(key)
		if key.ShortTag() == "!!merge" {
			merges = append(merges, r.convert(content, depth+1))
			continue
		}
		if first, twice := seen[key.Value]; twice {
			r.problem(key.Line, key.Column, fmt.Sprintf("%q stands here a second time", Shorten(key.Value)), fmt.Sprintf("the first is in line %d; keep one", first.Line))
			continue
		}
		at := Place{key.Line, key.Column}
		seen[key.Value] = at
		v.Entries = append(v.Entries, Entry{key.Value, at, r.convert(content, depth+1)})
	}
	for _, m := range merges {
		r.merge(m, v, seen)
	}
}

// merge adds the keys of a merge key's mapping, or list of mappings, that are not there yet.
func (r *reader) merge(m, v *Value, seen map[string]Place) {
	if m.Kind == List {
		for _, item := range m.Items {
			r.merge(item, v, seen)
		}
		return
	}
	if m.Kind != Mapping {
		if !r.spent {
			r.problem(m.At.Line, m.At.Column, "<< merges mappings, not "+m.What(), "name an anchor of a mapping")
		}
		return
	}
	for _, e := range m.Entries {
		if _, own := seen[e.Key]; !own {
			seen[e.Key] = e.At
			v.Entries = append(v.Entries, e)
		}
	}
}
