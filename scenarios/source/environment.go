package source

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// deepest is how deep one ${NAME:-default} may stand in another's default.
const deepest = 8

var (
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*`)
	// operators are what may follow a name, longest first.
	operators = []string{":-", ":?", "-", "?"}
)

// fill puts in what a scalar takes from the environment: ${NAME}, ${NAME:-default} where it is unset or empty (${NAME-default}:
// unset), ${NAME:?message} where it must be there; $$ is a dollar sign. What has been filled in reads as if it stood in
// the file without quotes: as a number where it looks like one.
func (r *reader) fill(n *yaml.Node, v *Value) {
	if r.asIs || !strings.Contains(n.Value, "$") {
		return
	}
	f := &filling{reader: r, node: n}
	text, ok := f.text(n.Value, 0)
	if !ok {
		return
	}
	v.Text = text
	if !f.any {
		return
	}
	v.written = n.Value
	if r.filled += len(text); r.filled > MaxBytes && !r.spent {
		r.spent = true
		r.problem(n.Line, n.Column, fmt.Sprintf("more than %d bytes come from the environment", MaxBytes), "keep large texts in files")
		return
	}
	v.Tag = readsAs(text)
}

// readsAs is what a text reads as where it stands without quotes. Nothing that is filled in is null: an empty variable is an empty text.
func readsAs(text string) scalarTag {
	switch (&yaml.Node{Kind: yaml.ScalarNode, Value: text}).ShortTag() {
	case "!!int":
		return TagNumber
	case "!!float":
		return TagFloat
	case "!!bool":
		return TagBool
	}
	return TagText
}

// filling is one scalar while it is filled.
type filling struct {
	*reader
	node *yaml.Node
	any  bool // there is a ${NAME} in it
}

// text is a text with everything filled in; false if there is a mistake, which has been told.
func (f *filling) text(text string, depth int) (string, bool) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		out.WriteString(before)
		switch {
		case !found:
			return out.String(), true
		case strings.HasPrefix(rest, "$"):
			out.WriteByte('$')
			text = rest[1:]
		case strings.HasPrefix(rest, "{"):
			end := closing(rest)
			if end < 0 {
				f.mistake("${"+rest[1:], "a ${ is not closed", "write ${NAME}, or $${ for the text itself")
				return "", false
			}
			value, ok := f.variable(rest[1:end], depth)
			if !ok {
				return "", false
			}
			out.WriteString(value)
			text = rest[end+1:]
		default: // as in a JSON path, or at the end of a pattern
			out.WriteByte('$')
			text = rest
		}
	}
}

// closing is where the brace that a text begins with is closed, -1 for nowhere.
func closing(text string) int {
	open := 0
	for i := range len(text) {
		switch {
		case text[i] == '{' && (i == 0 || text[i-1] == '$'):
			open++
		case text[i] == '}':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// variable is what stands for the inside of one ${...}.
func (f *filling) variable(inside string, depth int) (string, bool) {
	f.any = true
	whole := "${" + inside + "}"
	name := variable.FindString(inside)
	op, rest := operator(inside[len(name):])
	switch {
	case name == "":
		f.mistake(whole, Shorten(whole)+" has no name of a variable in it", "write ${NAME}, or $${ for the text itself")
		return "", false
	case op == "" && rest != "":
		f.mistake(whole, Shorten(whole)+" can't be read", fmt.Sprintf("write ${%s}, ${%s:-default} or ${%s:?message}", name, name, name))
		return "", false
	case depth >= deepest:
		f.mistake(whole, fmt.Sprintf("defaults stand in each other deeper than %d", deepest), "write one default")
		return "", false
	}
	value, set := os.LookupEnv(name)
	if set && !(value == "" && strings.HasPrefix(op, ":")) {
		if !utf8.ValidString(value) {
			f.mistake(whole, "the environment's "+name+" is not UTF-8 text", "set it to text")
			return "", false
		}
		return value, true
	}
	switch {
	case strings.HasSuffix(op, "-"):
		return f.text(rest, depth+1)
	case rest != "":
		f.mistake(whole, name+" is not set in the environment: "+Shorten(rest), "set it")
	default:
		f.mistake(whole, name+" is not set in the environment", fmt.Sprintf("set it, or write ${%s:-default}", name))
	}
	return "", false
}

func operator(text string) (op, rest string) {
	for _, op := range operators {
		if rest, is := strings.CutPrefix(text, op); is {
			return op, rest
		}
	}
	return "", text
}

// mistake tells of an expression where it stands in the file; where the file spells it in another way, as an escaped
// text may, at the scalar that it is in.
func (f *filling) mistake(expression, what, fix string) {
	expression, _, _ = strings.Cut(expression, "\n")
	line, column := f.node.Line, f.node.Column
	start := offsetOf(f.data, line, column)
	if i := bytes.Index(f.data[start:], []byte(expression)); i >= 0 {
		before := f.data[:start+i]
		begin := bytes.LastIndexByte(before, '\n') + 1
		line, column = 1+bytes.Count(before, []byte("\n")), 1+utf8.RuneCount(before[begin:])
	}
	f.problem(line, column, what, fix)
}

// offsetOf is where a place stands in a text, as far as it has it.
func offsetOf(data []byte, line, column int) int {
	offset := 0
	for range line - 1 {
		i := bytes.IndexByte(data[offset:], '\n')
		if i < 0 {
			return offset
		}
		offset += i + 1
	}
	for range column - 1 {
		if offset >= len(data) || data[offset] == '\n' {
			return offset
		}
		_, size := utf8.DecodeRune(data[offset:])
		offset += size
	}
	return offset
}

// unfilled tells of a key with a variable in it: a key is what mistakes are told by, and is never filled.
func (r *reader) unfilled(key *yaml.Node) {
	if i := strings.Index(key.Value, "${"); !r.asIs && i >= 0 && (i == 0 || key.Value[i-1] != '$') {
		r.problem(key.Line, key.Column, fmt.Sprintf("the key %s can't take anything from the environment", QuoteShort(key.Value)), "write the key out; its value may have ${NAME} in it")
	}
}

// Escaped is a text as a file has it, so that it reads as itself.
func Escaped(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		if out.WriteByte(text[i]); text[i] == '$' && i+1 < len(text) && (text[i+1] == '$' || text[i+1] == '{') {
			out.WriteByte('$')
		}
	}
	return out.String()
}

// Variables are the names of the variables that a text takes something from, in its order; one may come several times.
func Variables(text []byte) (names []string) {
	for _, found := range taken.FindAllSubmatch(text, -1) {
		if dollars := len(found[1]); dollars%2 == 1 { // $$ is a dollar sign
			names = append(names, string(found[2]))
		}
	}
	return names
}

// taken is the beginning of what a text takes from the environment, with the dollar signs before it.
var taken = regexp.MustCompile(`(\$+)\{([A-Za-z_][A-Za-z0-9_]*)`)
