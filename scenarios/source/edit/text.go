// Package edit changes parts of a YAML text and leaves all else as it was: comments, blank lines, the order of keys. It knows no key of the
// language; what it makes is to be read again before anybody trusts it.
package edit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Text is a YAML text whose top is a mapping.
type Text struct {
	data []byte
	root *yaml.Node
	// changed are the keys at the top whose lines are written anew.
	changed map[string]bool
}

// Read reads a text.
func Read(data []byte) (*Text, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("read the text as YAML: %w", err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode || doc.Content[0].Style&yaml.FlowStyle != 0 {
		return nil, errors.New("read the text as YAML: its top is no mapping in lines of its own")
	}
	return &Text{data, doc.Content[0], map[string]bool{}}, nil
}

// Items are the mappings of a list under a key of the top, to be changed; nil where there is no such list, or where not all of it are mappings.
func (t *Text) Items(key string) []*Item {
	t.changed[key] = true
	return itemsOf(value(t.root, key))
}

// Replace gives a list under a key of the top other items, or takes the key away where there are none.
func (t *Text) Replace(key string, items []*Item) {
	t.changed[key] = true
	if len(items) == 0 {
		remove(t.root, key)
		return
	}
	if list := value(t.root, key); list != nil {
		fill(list, items)
	}
}

// Within is a mapping by its keys from the top, to be changed; nil where there is none.
func (t *Text) Within(keys ...string) *Item {
	at := t.root
	for _, key := range keys {
		if at = value(at, key); at == nil || at.Kind != yaml.MappingNode {
			return nil
		}
	}
	t.changed[keys[0]] = true
	return &Item{at}
}

// Put gives a key of the top a number, in the line after another key's lines where it is not there.
func (t *Text) Put(key, number, after string) {
	t.changed[key] = true
	plain := &yaml.Node{Kind: yaml.ScalarNode, Value: number}
	if v := value(t.root, key); v != nil {
		*v = *plain
		return
	}
	at := 0
	for i := 0; i < len(t.root.Content); i += 2 {
		if t.root.Content[i].Value == after {
			at = i + 2
		}
	}
	t.root.Content = slices.Insert(t.root.Content, at, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, plain)
}

// Bytes is the text as it is now.
func (t *Text) Bytes() ([]byte, error) {
	lines := strings.SplitAfter(string(t.data), "\n")
	var out strings.Builder
	taken := 0 // lines
	for i := 0; i < len(t.root.Content); i += 2 {
		key := t.root.Content[i]
		begin, end := taken, taken
		if key.Line > 0 { // it was there
			begin, end = key.Line-1, blockEnd(lines, key.Line)
		}
		out.WriteString(between(lines[taken:begin]))
		if !t.changed[key.Value] {
			out.WriteString(strings.Join(lines[begin:end], ""))
		} else if err := block(&out, key, t.root.Content[i+1]); err != nil {
			return nil, err
		}
		taken = end
	}
	out.WriteString(between(lines[taken:]))
	return []byte(out.String()), nil
}

// between are the lines before a key that belong to none: comments and blank ones. A key that was taken away goes with its lines and what stands
// above them.
func between(lines []string) string {
	begin := 0
	for n, line := range lines {
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "...") && line[0] != '%' {
			begin = n + 1
		}
	}
	return strings.Join(lines[begin:], "")
}

// blockEnd is the line after the last one of the key at a line (from 1): blank lines and comments before the next key are the next one's.
func blockEnd(lines []string, line int) int {
	end := line
	for end < len(lines) && (lines[end] == "" || strings.ContainsAny(lines[end][:1], " \t\r\n#-")) && !strings.HasPrefix(lines[end], "---") && !strings.HasPrefix(lines[end], "...") {
		end++
	}
	for end > line && (strings.TrimSpace(lines[end-1]) == "" || lines[end-1][0] == '#') {
		end--
	}
	return end
}

// block writes a key with its value in lines of their own.
func block(out *strings.Builder, key, v *yaml.Node) error {
	bare := *key
	bare.HeadComment, bare.FootComment = "", ""
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{&bare, v}}); err != nil {
		return fmt.Errorf("write %s as YAML: %w", key.Value, err)
	}
	lines := strings.SplitAfter(b.String(), "\n")
	for len(lines) > 1 && (strings.TrimSpace(lines[len(lines)-1]) == "" || lines[len(lines)-1][0] == '#') {
		lines = lines[:len(lines)-1]
	}
	out.WriteString(strings.Join(lines, ""))
	return nil
}
