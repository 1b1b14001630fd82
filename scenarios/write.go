package scenarios

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// write is the tree as YAML: block style with the file's own flow mappings, comments dropped.
func write(v *value) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(node(v)); err != nil {
		return nil, fmt.Errorf("write the scenario as YAML: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("write the scenario as YAML: %w", err)
	}
	return out.Bytes(), nil
}

func node(v *value) *yaml.Node {
	n := &yaml.Node{}
	if v.flow {
		n.Style = yaml.FlowStyle
	}
	switch v.kind {
	case list:
		n.Kind = yaml.SequenceNode
		for _, item := range v.items {
			n.Content = append(n.Content, node(item))
		}
	case mapping:
		n.Kind = yaml.MappingNode
		for _, e := range v.entries {
			n.Content = append(n.Content, textNode(e.key), node(e.value))
		}
	default:
		if v.tag == tagText {
			return textNode(v.text)
		}
		n.Kind, n.Style, n.Value = yaml.ScalarNode, 0, v.text
	}
	return n
}

// plain texts are safe without quotes in block and flow style, if they do not read as something else.
var plain = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./*>% -]*$`)

func textNode(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.DoubleQuotedStyle}
	if plain.MatchString(text) && !strings.HasSuffix(text, " ") {
		n.Style = 0 // the library quotes what would read as another type
	}
	return n
}
