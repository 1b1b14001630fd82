package language

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios/source"
)

// SetError is what is wrong with one PATH=VALUE that a scenario was to be changed by.
type SetError struct {
	Set string
	// What is wrong, and what would be right.
	What string
}

func (e *SetError) Error() string { return "--set " + e.Set + ": " + e.What }

// set changes a scenario's tree, its variant in, at paths such as load.shoppers.rate: each PATH=VALUE has a key for each step, for an item of a list its
// number from 0 or its name. A value is what the file would have there; null takes away what is there. What a change makes of the
// scenario is checked as a file is.
func set(root *source.Value, sets []string) (*source.Value, error) {
	for _, one := range sets {
		path, text, ok := strings.Cut(one, "=")
		if !ok || path == "" || text == "" {
			return nil, &SetError{one, "write PATH=VALUE, as in load.shoppers.rate=300/s"}
		}
		value, problems := source.Read("--set", []byte(text))
		if len(problems) > 0 {
			return nil, &SetError{one, problems[0].What}
		}
		changed, err := setIn(root, root.At, "", path, value)
		if err != nil {
			err.Set = one
			return nil, err
		}
		root = changed
	}
	return root, nil
}

// setIn is a tree with a value at the rest of a path; done is the path that leads to the tree, at where it stands.
func setIn(tree *source.Value, at source.Place, done, rest string, value *source.Value) (*source.Value, *SetError) {
	switch tree.Kind {
	case source.Mapping:
		key, more, found := step(rest, source.KeysIn(tree))
		switch {
		case !found && strings.Contains(rest, "."): // more than a new key
			return nil, astray(tree, done, rest, source.KeysIn(tree))
		case !found && value.IsNull():
			return nil, astray(tree, done, rest, source.KeysIn(tree))
		case !found:
			out := *tree
			out.Entries = append(slices.Clone(tree.Entries), source.Entry{Key: rest, At: at, Value: placed(value, at)})
			return &out, nil
		case more == "" && value.IsNull():
			return tree.Without(key), nil
		}
		e := tree.Entry(key)
		inner := placed(value, e.Value.At)
		if more != "" {
			var err *SetError
			if inner, err = setIn(e.Value, e.At, joined(done, key), more, value); err != nil {
				return nil, err
			}
		}
		return tree.Replacing(key, inner, e.At), nil
	case source.List:
		names := itemNames(tree)
		name, more, found := step(rest, names)
		if !found {
			return nil, astray(tree, done, rest, names)
		}
		i := slices.Index(names, name)
		out := *tree
		out.Items = slices.Clone(tree.Items)
		switch {
		case more == "" && value.IsNull():
			out.Items = slices.Delete(out.Items, i, i+1)
		case more == "":
			out.Items[i] = placed(value, tree.Items[i].At)
		default:
			inner, err := setIn(tree.Items[i], tree.Items[i].At, joined(done, name), more, value)
			if err != nil {
				return nil, err
			}
			out.Items[i] = inner
		}
		return &out, nil
	}
	return nil, &SetError{What: fmt.Sprintf("%s is %s, and has nothing in it", done, tree.What())}
}

// step takes the longest name that a path begins with: names may have dots in them.
func step(path string, names []string) (name, more string, found bool) {
	for _, n := range names {
		rest, begins := strings.CutPrefix(path, n)
		if !begins || len(n) < len(name) || rest != "" && rest[0] != '.' {
			continue
		}
		name, more, found = n, strings.TrimPrefix(rest, "."), true
	}
	return name, more, found
}

// itemNames are what paths call the items of a list: by their names where they have such, else by their numbers.
func itemNames(list *source.Value) []string {
	out := make([]string, len(list.Items))
	for i, item := range list.Items {
		out[i] = strconv.Itoa(i)
		if name := item.Get("name"); name != nil && name.Kind == source.Scalar && !slices.Contains(out[:i], name.Text) {
			out[i] = name.Text
		}
	}
	return out
}

// astray says where a path leaves the scenario, and which way it was meant to go.
func astray(tree *source.Value, done, rest string, names []string) *SetError {
	wrong, more, _ := strings.Cut(rest, ".")
	where := "the scenario"
	if done != "" {
		where = done
	}
	said := fmt.Sprintf("there is no %s in %s", source.QuoteShort(wrong), where)
	if near := source.Nearest(wrong, names); near != "" {
		path := joined(done, near)
		if more != "" {
			path += "." + more
		}
		return &SetError{What: said + "; did you mean " + path + "?"}
	}
	if len(names) == 0 {
		return &SetError{What: said + ", it is empty"}
	}
	return &SetError{What: said + "; it has " + source.ShortList(names)}
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// placed is a value that stands where another one did, so that mistakes about it name a line of the file.
func placed(v *source.Value, at source.Place) *source.Value {
	out := *v
	out.At = at
	out.Items, out.Entries = slices.Clone(v.Items), slices.Clone(v.Entries)
	for i := range out.Items {
		out.Items[i] = placed(out.Items[i], at)
	}
	for i := range out.Entries {
		out.Entries[i].At, out.Entries[i].Value = at, placed(out.Entries[i].Value, at)
	}
	return &out
}

// Paths are the paths of every scalar of a scenario with a variant in, each with its value behind a tab; none where the file can't be read.
func Paths(data []byte, variant string) (out []string) {
	root, err := varied(data, variant)
	if err != nil {
		return nil
	}
	var walk func(path string, v *source.Value)
	walk = func(path string, v *source.Value) {
		switch v.Kind {
		case source.Mapping:
			for _, e := range v.Entries {
				walk(joined(path, e.Key), e.Value)
			}
		case source.List:
			for i, name := range itemNames(v) {
				walk(joined(path, name), v.Items[i])
			}
		default:
			out = append(out, path+"\t"+v.Words())
		}
	}
	walk("", root)
	return out
}

// blamed lays problems at the door of the changes, where the scenario has none without them.
func blamed(err error, sets []string) error {
	problems, is := errors.AsType[source.Problems](err)
	if !is || len(problems) == 0 {
		return err
	}
	what := problems[0].What
	if problems[0].Fix != "" {
		what += "; " + problems[0].Fix
	}
	if more := len(problems) - 1; more > 0 {
		what += fmt.Sprintf(" (and %d more)", more)
	}
	return &SetError{strings.Join(sets, " --set "), what}
}
