package scenarios

import (
	"fmt"
	"strconv"
	"strings"
)

// JSONPath is a path into JSON, of the part of RFC 9535 that names places: $ with .name, ['name'], [n], [*] and .*.
type JSONPath []JSONStep

// JSONStep goes one level down: to every member, to a name of an object, or to an element of a list (from its end below 0).
type JSONStep struct {
	All   bool
	Name  string
	Named bool
	Index int
}

// ParseJSONPath reads a path; the error says what is wrong with it.
func ParseJSONPath(text string) (JSONPath, error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, fmt.Errorf("%q does not begin with $", text)
	}
	path := JSONPath{}
	for rest != "" {
		var step JSONStep
		var err error
		if step, rest, err = jsonStep(rest); err != nil {
			return nil, err
		}
		path = append(path, step)
	}
	return path, nil
}

func jsonStep(rest string) (JSONStep, string, error) {
	if after, dotted := strings.CutPrefix(rest, "."); dotted {
		end := strings.IndexAny(after, ".[")
		if end < 0 {
			end = len(after)
		}
		switch name := after[:end]; name {
		case "":
			return JSONStep{}, "", fmt.Errorf("there is no name after a dot")
		case "*":
			return JSONStep{All: true}, after[end:], nil
		default:
			return JSONStep{Name: name, Named: true}, after[end:], nil
		}
	}
	after, opened := strings.CutPrefix(rest, "[")
	if !opened {
		return JSONStep{}, "", fmt.Errorf("%q is neither .name nor [n]", rest)
	}
	if quote := strings.IndexAny(after, `'"`); quote == 0 {
		name, behind, closed := strings.Cut(after[1:], after[:1]+"]")
		if !closed {
			return JSONStep{}, "", fmt.Errorf("%q is not closed", rest)
		}
		return JSONStep{Name: name, Named: true}, behind, nil
	}
	inside, behind, closed := strings.Cut(after, "]")
	if !closed {
		return JSONStep{}, "", fmt.Errorf("%q is not closed", rest)
	}
	if inside == "*" {
		return JSONStep{All: true}, behind, nil
	}
	n, err := strconv.Atoi(inside)
	if err != nil {
		return JSONStep{}, "", fmt.Errorf("[%s] is neither a number nor *", inside)
	}
	return JSONStep{Index: n}, behind, nil
}
