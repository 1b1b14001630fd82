package compose

import (
	"maps"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios/source"
)

// shortest is how long a variable's value is that is looked for within a text; a shorter one is only seen where it is all of it.
const shortest = 4

// value is a text as the scenario has it, in quotes: what came from the environment as ${NAME}, so that no secret is written
// down, what came from .env as ${NAME:-value}, other services by their nodes' names.
func (p *project) value(on *part, key, text string, byName map[string]*part) string {
	var out strings.Builder
	done := 0
	for _, m := range mentions(key, text, byName) {
		if m.to.node != text[m.start:m.end] {
			out.WriteString(text[done:m.start])
			out.WriteString(m.to.node)
			done = m.end
		}
	}
	out.WriteString(text[done:])
	text = out.String()
	if p.passedOn(on, key, text) {
		return source.Quoted(p.variable(key, text))
	}
	return source.Quoted(p.variables(text))
}

// passedOn tells a variable whose value is not in the file: the service is given that of the environment.
func (p *project) passedOn(on *part, key, text string) bool {
	if text == "" || p.options.Environment[key] != text {
		return false
	}
	written := p.tree.Get("services").Get(on.Name).Get("environment")
	if written == nil {
		return true
	}
	if written.Kind == source.Mapping {
		v := written.Get(key)
		return v == nil || v.IsNull()
	}
	return !slices.ContainsFunc(written.Items, func(item *source.Value) bool { return strings.HasPrefix(item.Text, key+"=") })
}

// variables puts variables back in where their values stand.
func (p *project) variables(text string) string {
	for _, name := range slices.Sorted(maps.Keys(p.used)) {
		if p.used[name] == text && text != "" {
			return p.variable(name, text)
		}
	}
	pieces := []string{text} // every other one is a variable
	names := slices.SortedFunc(maps.Keys(p.used), func(a, b string) int {
		if d := len(p.used[b]) - len(p.used[a]); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		value := p.used[name]
		if len(value) < shortest {
			continue
		}
		var next []string
		for i, piece := range pieces {
			if i%2 == 1 {
				next = append(next, piece)
				continue
			}
			for j, literal := range strings.Split(piece, value) {
				if j > 0 {
					next = append(next, p.variable(name, value))
				}
				next = append(next, literal)
			}
		}
		pieces = next
	}
	if len(pieces) == 1 {
		return source.Escaped(text)
	}
	for i := 0; i < len(pieces); i += 2 {
		pieces[i] = strings.ReplaceAll(pieces[i], "$", "$$")
	}
	return strings.Join(pieces, "")
}

// variable is what stands for one that has this value.
func (p *project) variable(name, value string) string {
	switch {
	case !p.fromFile[name]:
		return "${" + name + "}"
	case strings.ContainsAny(value, "${}"):
		return strings.ReplaceAll(value, "$", "$$")
	}
	return "${" + name + ":-" + value + "}"
}
