package check

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// The most bytes of a name: a scenario's is part of the name of its runs' folders, with a variant's (48 at most) and a
// time behind it, and no file system takes more than 255.
const (
	maxScenarioName = 100
	maxTitle        = 80
)

// named checks the scenario's name, which is part of a folder's: it stays in one folder on every system.
func (v *Checker) named() {
	name := v.Name
	what := ""
	switch {
	case name == "":
		return // reported when it was read
	case len(name) > maxScenarioName:
		what = fmt.Sprintf("it has %d bytes", len(name))
	case strings.ContainsAny(name, `/\`):
		what = "it has a slash in it"
	case strings.HasPrefix(name, ".") || strings.HasSuffix(name, "."):
		what = "it begins or ends with a dot"
	case strings.ContainsAny(name, `:*?"<>|`):
		what = `one of :*?"<>| is in it`
	case !oneLine(name):
		what = "it is not one line of text without blanks around it"
	default:
		return
	}
	v.Problem(scenarios.At("scenario"), fmt.Sprintf("%s can't be the name of a scenario: %s", source.QuoteShort(name), what),
		fmt.Sprintf("the folders of its runs are named after it: use letters, digits, dashes and dots inside, at most %d", maxScenarioName))
}

// title checks the name of a phase or fault, which reports print in one line.
func (v *Checker) title(noun, name string, at scenarios.Path) {
	if name == "" || oneLine(name) && len(name) <= maxTitle {
		return
	}
	v.Problem(at, fmt.Sprintf("%s can't be the name of a %s", source.QuoteShort(name), noun),
		fmt.Sprintf("use one line of at most %d letters, without blanks around it", maxTitle))
}

// oneLine tells a text of one line that a terminal shows as it is, without blanks around it.
func oneLine(s string) bool {
	return utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}
