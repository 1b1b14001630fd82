// Package patterns is the library of patterns: a scenario for each, in the program too, for `squall init`.
package patterns

import (
	"embed"
	"regexp"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names are those of all patterns, in order.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // they are part of the program
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return out
}

// Text is a pattern's scenario; false if there is none of that name.
func Text(name string) (string, bool) {
	text, err := files.ReadFile(name + ".yaml")
	return string(text), err == nil
}

var about = regexp.MustCompile(`(?m)^about: *(.*)$`)

// About is what a pattern shows, in a sentence.
func About(name string) string {
	text, _ := Text(name)
	if found := about.FindStringSubmatch(text); found != nil {
		return strings.Trim(found[1], `"'`)
	}
	return ""
}
