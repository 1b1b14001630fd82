package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
)

// patchText keeps a patch as text, in one line, and says in words what it changes.
func (d *decoder) patchText(v *value, into *faults.Patch, f field) {
	if v.kind == mapping && len(v.entries) == 0 {
		d.problem(v, f.key+" is empty", "say what the node is to have, as in with: {timeout: 1ms}")
		return
	}
	if v.kind != mapping {
		d.problem(v, fmt.Sprintf("%s needs a mapping of what the node is to have, not %s", f.key, v.what()), "write with: {timeout: 1ms}")
		return
	}
	text, err := write(inline(v))
	if err != nil {
		d.problem(v, err.Error(), "")
		return
	}
	into.Text = strings.TrimSpace(string(text))
	words := make([]string, len(v.entries))
	for i, e := range v.entries {
		words[i] = e.key
		if e.value.kind == scalar && !slices.Contains(secrets, e.key) {
			words[i] += " " + e.value.text
		}
	}
	into.Words = strings.Join(words, ", ")
}

// secrets are the keys of a node whose value is nobody's business.
var secrets = []string{"dsn"}

// changedNode reads a patched node; what others say of it stays as it was.
func (d *decoder) changedNode(e entry, was *Node) *Node {
	node := &Node{Name: e.key}
	node.Followers, node.PrimaryLease = was.Followers, was.PrimaryLease
	if d.structure(e.value, reflect.ValueOf(node).Elem(), d.fieldsOf(reflect.TypeFor[Node]())) {
		d.kind(e, node)
	}
	return node
}
