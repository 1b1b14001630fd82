// Package manifest writes a cluster's objects as the YAML that kubectl takes. It knows no kind of object.
package manifest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// Write writes objects, anything that says in JSON what it is, one document each.
func Write(to io.Writer, objects ...any) error {
	for i, object := range objects {
		data, err := json.Marshal(object)
		if err != nil {
			return fmt.Errorf("write an object as YAML: %w", err)
		}
		var document yaml.Node // JSON is YAML already: its fields stay in their order
		if err := yaml.Unmarshal(data, &document); err != nil {
			return fmt.Errorf("write an object as YAML: %w", err)
		}
		unquote(&document)
		if i > 0 {
			if _, err := io.WriteString(to, "---\n"); err != nil {
				return err
			}
		}
		encoder := yaml.NewEncoder(to)
		encoder.SetIndent(2)
		if err := encoder.Encode(&document); err != nil {
			return fmt.Errorf("write an object as YAML: %w", err)
		}
		if err := encoder.Close(); err != nil {
			return fmt.Errorf("write an object as YAML: %w", err)
		}
	}
	return nil
}

// unquote takes JSON's brackets and quotes away, but from lists of plain values and from texts that would read as something else, as "yes" does
// for kubectl.
func unquote(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		n.Style = 0
		if n.Tag != "!!str" || plain(n.Value) {
			return
		}
		n.Style = yaml.DoubleQuotedStyle
		if strings.Contains(n.Value, "\n") && asLines(n.Value) {
			n.Style = yaml.LiteralStyle
		}
	}
	n.Style &^= yaml.FlowStyle
	if n.Kind == yaml.SequenceNode {
		n.Style = yaml.FlowStyle
	}
	for _, child := range n.Content {
		unquote(child)
		if n.Kind == yaml.SequenceNode && child.Kind != yaml.ScalarNode {
			n.Style = 0
		}
	}
}

// asLines tells whether a text of lines is the same when it was written as such.
func asLines(text string) bool {
	written, err := yaml.Marshal([]*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.LiteralStyle}})
	var read []string
	return err == nil && yaml.Unmarshal(written, &read) == nil && len(read) == 1 && read[0] == text
}

// plain tells whether a text needs no quotes, as the library sees it of a text: of a node it asks nobody.
func plain(text string) bool {
	written, err := yaml.Marshal(text)
	return err == nil && string(written) == text+"\n"
}
