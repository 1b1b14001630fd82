package compose

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/squallhq/squall/scenarios/source"
)

// places is where things stand in a Compose file.
type places struct {
	file string
	tree *source.Value
	// text is what is in it.
	text []byte
}

// at is where a path stands: its key, or as much of it as the file has.
func (p places) at(path ...string) source.Place {
	v, at := p.tree, source.Place{Line: 1, Column: 1}
	for _, key := range path {
		if v.Kind == source.List {
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v.Items) {
				return at
			}
			v = v.Items[i]
			at = v.At
			continue
		}
		e := v.Entry(key)
		if e == nil {
			return at
		}
		v, at = e.Value, e.At
	}
	return at
}

func (p places) problem(at source.Place, what, fix string) source.Problems {
	return source.Problems{{Position: source.Position{File: p.file, Line: max(at.Line, 1), Column: max(at.Column, 1)}, What: what, Fix: fix}}
}

var (
	loaderPath    = regexp.MustCompile(`\b(services|networks|volumes|secrets|configs|include)((?:\.[\w-]+|\[\d+\])+)`)
	loaderService = regexp.MustCompile(`service "([^"]+)"`)
	loaderLine    = regexp.MustCompile(`line (\d+)`)
	loaderTwice   = regexp.MustCompile(`line (\d+): mapping key "([^"]+)" already defined at line (\d+)`)
	loaderFile    = regexp.MustCompile(`(?:^|: )(?:env file|open|stat|read) (\S+?):? `)
	loaderCircle  = regexp.MustCompile(`(?i)^circular reference:.* (\S+) in \S+ extends (\S+) in`)
	loaderStep    = regexp.MustCompile(`[\w-]+`)
	loaderWords   = regexp.MustCompile(`^(validating \S+: |yaml: )+`)
)

// blamed gives the loader's error, which has a path or a service's name in it at best, its place in the file.
func (p places) blamed(err error, dir string) error {
	if _, placed := errors.AsType[source.Problems](err); placed {
		return err
	}
	text := oneLine(strings.ReplaceAll(err.Error(), dir+"/", ""))
	at := source.Place{Line: 1, Column: 1}
	switch {
	case loaderTwice.MatchString(text):
		found := loaderTwice.FindStringSubmatch(text)
		at.Line, _ = strconv.Atoi(found[1]) // digits
		at.Column = p.column(at.Line, found[2])
		text = fmt.Sprintf("the key %q stands here a second time; it is in line %s, too", found[2], found[3])
	case loaderCircle.MatchString(text):
		at = p.at("services", loaderCircle.FindStringSubmatch(text)[2], "extends")
	case loaderFile.MatchString(text) && p.naming(loaderFile.FindStringSubmatch(text)[1]) != nil:
		at = p.naming(loaderFile.FindStringSubmatch(text)[1]).At
	case loaderPath.MatchString(text):
		at = p.at(loaderStep.FindAllString(loaderPath.FindString(text), -1)...)
	case loaderService.MatchString(text):
		at = p.at("services", loaderService.FindStringSubmatch(text)[1])
	case loaderLine.MatchString(text):
		if line, err := strconv.Atoi(loaderLine.FindStringSubmatch(text)[1]); err == nil {
			at.Line = line
		}
	default: // a value that is told at the end, as in invalid containerPort: oops
		words := strings.Fields(text)
		if v := p.tree.Holding(strings.Trim(words[len(words)-1], `"'`)); v != nil {
			at = v.At
		}
	}
	text = strings.Replace(text, " false schema", " is no key that Compose knows", 1)
	text = loaderWords.ReplaceAllString(text, "")
	return p.problem(at, "Compose does not take it: "+clipped(text), "mend it; `docker compose config` reads it in the same way")
}

// naming is what names a file that the loader could not read; nil: nothing of this file.
func (p places) naming(name string) *source.Value {
	name = strings.TrimPrefix(name, "./")
	if v := p.tree.Holding(name); v != nil {
		return v
	}
	return p.tree.Holding("./" + name)
}

// column is where a key is in a line.
func (p places) column(line int, key string) int {
	lines := strings.Split(string(p.text), "\n")
	if line < 1 || line > len(lines) {
		return 1
	}
	return max(strings.Index(lines[line-1], key), 0) + 1
}

// clipped keeps a message of somebody else's to a sane length.
func clipped(s string) string {
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
