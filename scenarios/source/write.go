package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Write is the tree as YAML: block style with the file's own flow mappings, comments dropped. What came from
// the environment is written out, but for what is withheld.
func Write(v *Value) ([]byte, error) {
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

func node(v *Value) *yaml.Node {
	n := &yaml.Node{}
	if v.flow {
		n.Style = yaml.FlowStyle
	}
	switch v.Kind {
	case List:
		n.Kind = yaml.SequenceNode
		for _, item := range v.Items {
			n.Content = append(n.Content, node(item))
		}
	case Mapping:
		n.Kind = yaml.MappingNode
		for _, e := range v.Entries {
			n.Content = append(n.Content, textNode(e.Key), node(e.Value))
		}
	default:
		if v.withheld {
			return textNode(v.written)
		}
		if v.Tag == TagText {
			return textNode(Escaped(v.Text))
		}
		n.Kind, n.Style, n.Value = yaml.ScalarNode, 0, v.Text
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

// Quoted is a text in double quotes, as JSON has it and YAML takes it, with <, > and & as they are.
func Quoted(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a text can always be written
	return strings.TrimSuffix(out.String(), "\n")
}
