// Package dockerfile finds in a Dockerfile what only BuildKit understands, the builder beside a container engine: the engine's own
// takes Dockerfiles as they were before. It opens no file.
package dockerfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MaxBytes is the longest Dockerfile that is looked at.
const MaxBytes = 1 << 20

// Use is a place where a Dockerfile needs BuildKit. Line counts from 1.
type Use struct {
	Line int
	// What it is, in the Dockerfile's words, as in RUN --mount.
	What string
	// Empty: it builds all the same, and the argument has no value.
	Empty bool
}

// flags are those of instructions that only BuildKit has.
var flags = map[string][]string{
	"RUN":  {"mount", "network", "security", "device"},
	"COPY": {"link", "chmod", "parents", "exclude"},
	"ADD":  {"link", "chmod", "checksum", "keep-git-dir", "exclude", "unpack"},
}

// platform are the arguments that BuildKit sets by itself; the engine's own builder leaves them empty.
var platform = []string{"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT", "BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT"}

// here is how a document begins that stands in the lines below its instruction.
var here = regexp.MustCompile(`<<-?["']?([A-Za-z_][A-Za-z0-9_]*)["']?`)

// BuildKit are the places that need it, in their order. given are the build's arguments.
func BuildKit(text string, given func(name string) bool) (uses []Use) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	escape := `\`
	for n := 0; n < len(lines); n++ {
		line := strings.TrimSpace(lines[n])
		if word, is := directive(line); is && word == "`" {
			escape = "`"
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		first := n
		for strings.HasSuffix(line, escape) && n+1 < len(lines) {
			n++
			next := strings.TrimSpace(lines[n])
			if strings.HasPrefix(next, "#") { // a comment among the lines of an instruction
				continue
			}
			line = strings.TrimSuffix(line, escape) + " " + next
		}
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		name := strings.ToUpper(words[0])
		for _, what := range needs(name, words[1:], given) {
			uses = append(uses, Use{Line: first + 1, What: what, Empty: name == "ARG"})
		}
		if word, below := document(name, line, lines[n+1:]); below > 0 {
			uses = append(uses, Use{Line: first + 1, What: fmt.Sprintf("%s <<%s", name, word)})
			n += below
		}
	}
	return uses
}

// directive is the escape that a Dockerfile says at its begin.
func directive(line string) (string, bool) {
	key, value, is := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "#")), "=")
	return strings.TrimSpace(value), is && strings.HasPrefix(line, "#") && strings.EqualFold(strings.TrimSpace(key), "escape")
}

// needs is what an instruction has that is BuildKit's.
func needs(name string, words []string, given func(string) bool) (out []string) {
	for _, word := range words {
		flag, is := strings.CutPrefix(word, "--")
		if !is {
			break
		}
		flag, _, _ = strings.Cut(flag, "=")
		if slices.Contains(flags[name], flag) {
			out = append(out, name+" --"+flag)
		}
	}
	if name == "ARG" {
		for _, word := range words {
			if slices.Contains(platform, word) && !given(word) {
				out = append(out, "ARG "+word)
			}
		}
	}
	return out
}

// document tells how many lines below an instruction a document of its own takes, with the line that ends it; 0: it has none.
func document(name, line string, below []string) (word string, lines int) {
	if name != "RUN" && name != "COPY" && name != "ADD" {
		return "", 0
	}
	found := here.FindStringSubmatch(line)
	if found == nil {
		return "", 0
	}
	for n, one := range below {
		if strings.TrimLeft(strings.TrimRight(one, " "), "\t") == found[1] {
			return found[1], n + 1
		}
	}
	return "", 0
}
