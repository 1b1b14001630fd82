package edit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Item is a mapping in a text.
type Item struct{ node *yaml.Node }

// Flow is a mapping from its text, with braces or without, on one line.
func Flow(text string) (*Item, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		text = "{" + text + "}"
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("read %s as YAML: %w", text, err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New(text + " is no mapping")
	}
	n := doc.Content[0]
	bare(n)
	n.Style |= yaml.FlowStyle
	return &Item{n}, nil
}

// bare takes comments out of a node.
func bare(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, c := range n.Content {
		bare(c)
	}
}

// Has tells whether it has a key of its own.
func (i *Item) Has(key string) bool { return value(i.node, key) != nil }

// Text is a scalar's, "" where there is none.
func (i *Item) Text(key string) string {
	if v := value(i.node, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// Set gives a key a scalar, written plain: a number, a time, true.
func (i *Item) Set(key, scalar string) {
	i.put(key, &yaml.Node{Kind: yaml.ScalarNode, Value: scalar})
}

// Choose gives a key a list of texts, or the one text.
func (i *Item) Choose(key string, texts []string) {
	if len(texts) == 1 {
		i.put(key, &yaml.Node{Kind: yaml.ScalarNode, Value: texts[0], Tag: "!!str"})
		return
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, text := range texts {
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: text, Tag: "!!str"})
	}
	i.put(key, list)
}

func (i *Item) put(key string, v *yaml.Node) {
	for n := 0; n < len(i.node.Content); n += 2 {
		if i.node.Content[n].Value == key {
			v.LineComment = i.node.Content[n+1].LineComment
			i.node.Content[n+1] = v
			return
		}
	}
	i.node.Content = append(i.node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, v)
}

// Remove takes keys away.
func (i *Item) Remove(keys ...string) {
	for _, key := range keys {
		remove(i.node, key)
	}
}

// Items are the mappings of a list under a key; nil where there is no such list, or where not all of it are mappings.
func (i *Item) Items(key string) []*Item { return itemsOf(value(i.node, key)) }

// Replace gives it a list of mappings, in lines of their own, or takes the key away where there are none.
func (i *Item) Replace(key string, items []*Item) {
	if len(items) == 0 {
		i.Remove(key)
		return
	}
	list := value(i.node, key)
	if list == nil || list.Kind != yaml.SequenceNode {
		list = &yaml.Node{Kind: yaml.SequenceNode}
		i.put(key, list)
	}
	list.Style &^= yaml.FlowStyle
	i.node.Style &^= yaml.FlowStyle
	if beside := i.node.LineComment; beside != "" { // it has no one line any more
		i.node.LineComment = ""
		i.node.HeadComment = strings.TrimPrefix(i.node.HeadComment+"\n"+beside, "\n")
	}
	fill(list, items)
}

// Above puts lines of a comment above it, below those that are there.
func (i *Item) Above(lines ...string) {
	all := []string{}
	if i.node.HeadComment != "" {
		all = append(all, i.node.HeadComment)
	}
	for _, line := range lines {
		line = strings.Map(func(c rune) rune {
			if c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 || c == 0xfeff {
				return ' '
			}
			return c
		}, strings.ToValidUTF8(line, "?"))
		all = append(all, "# "+line)
	}
	i.node.HeadComment = strings.Join(all, "\n")
}

// fill gives a list these items, and lines of its own.
func fill(list *yaml.Node, items []*Item) {
	list.Style &^= yaml.FlowStyle
	list.Content = nil
	for _, item := range items {
		list.Content = append(list.Content, item.node)
	}
}

// itemsOf are a list's mappings; one that is written elsewhere and named here is copied.
func itemsOf(list *yaml.Node) []*Item {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	var out []*Item
	for _, n := range list.Content {
		if n.Kind == yaml.AliasNode {
			n = copied(n.Alias)
		}
		if n.Kind != yaml.MappingNode {
			return nil
		}
		out = append(out, &Item{n})
	}
	return out
}

func copied(n *yaml.Node) *yaml.Node {
	out := *n
	out.Anchor = ""
	out.Content = nil
	for _, c := range n.Content {
		if c.Kind != yaml.AliasNode {
			c = copied(c)
		}
		out.Content = append(out.Content, c)
	}
	return &out
}

// value is that of a key of a mapping, nil where it has none.
func value(mapping *yaml.Node, key string) *yaml.Node {
	for n := 0; n+1 < len(mapping.Content); n += 2 {
		if mapping.Content[n].Value == key {
			return mapping.Content[n+1]
		}
	}
	return nil
}

func remove(mapping *yaml.Node, key string) {
	for n := 0; n+1 < len(mapping.Content); n += 2 {
		if mapping.Content[n].Value == key {
			mapping.Content = slices.Delete(mapping.Content, n, n+2)
			return
		}
	}
}
