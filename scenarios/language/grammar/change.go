package grammar

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// patchText keeps a patch as text, in one line, and says in words what it changes.
func (d *Decoder) patchText(v *source.Value, into *faults.Patch, f field) {
	if v.Kind == source.Mapping && len(v.Entries) == 0 {
		d.Problem(v, f.key+" is empty", "say what the node is to have, as in with: {timeout: 1ms}")
		return
	}
	if v.Kind != source.Mapping {
		d.Problem(v, fmt.Sprintf("%s needs a mapping of what the node is to have, not %s", f.key, v.What()), "write with: {timeout: 1ms}")
		return
	}
	text, err := source.Write(source.Inline(v))
	if err != nil {
		d.Problem(v, err.Error(), "")
		return
	}
	into.Text = strings.TrimSpace(string(text))
	words := make([]string, len(v.Entries))
	for i, e := range v.Entries {
		words[i] = e.Key
		if e.Value.Kind == source.Scalar && !slices.Contains(secrets, e.Key) {
			words[i] += " " + e.Value.Told()
		}
	}
	into.Words = strings.Join(words, ", ")
}

// secrets are the keys of a node whose value is nobody's business.
var secrets = []string{"dsn"}

// withheld are the keys below which what came from the environment is never told: it is written as the file has it.
var withheld = []string{
	"env", "environment", "dsn", "secrets", "files", // of a node
	"command", "entrypoint", "args", "healthcheck", "secret", // where passwords are put, too
	"headers", "api_key", "body", "json", "form", // of requests and answers
}

// Withheld tells a key below which what came from the environment must not be told.
func Withheld(key string) bool { return slices.Contains(withheld, key) }

// ChangedNode reads a patched node; what others say of it stays as it was.
func (d *Decoder) ChangedNode(e source.Entry, was *scenarios.Node) *scenarios.Node {
	node := &scenarios.Node{Name: e.Key}
	node.Followers, node.PrimaryLease, node.PrimaryDSN = was.Followers, was.PrimaryLease, was.PrimaryDSN
	if d.structure(e.Value, reflect.ValueOf(node).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Node]())) {
		d.kind(e, node)
	}
	return node
}
