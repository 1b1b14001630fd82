package grammar

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios/source"
)

// AnyParameter is {name} in the path of an endpoint.
var AnyParameter = regexp.MustCompile(`\{[^{}]*\}`)

// Sample is a path as it may be sent: its parameters filled, its query cut off.
func Sample(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return AnyParameter.ReplaceAllString(path, "1")
}

// methods are the HTTP methods of the language.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// CheckMatch says what is wrong with "METHOD /path" (the method optional where not needed), "" if nothing.
func CheckMatch(text string, needMethod bool) (what, fix string) {
	method, path, ok := strings.Cut(text, " ")
	if !ok {
		method, path = "", text
	}
	switch {
	case !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\n\r#") || strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c >= 0x7f }):
		return fmt.Sprintf("%s is not METHOD /path", source.QuoteShort(text)), "write it as in GET /catalog/{item}, in ASCII and the path without blanks"
	case method == "" && needMethod:
		return fmt.Sprintf("%s has no method", source.QuoteShort(text)), "write GET " + source.Shorten(text)
	case method != "" && !slices.Contains(methods, method):
		return fmt.Sprintf("%s is not an HTTP method", source.QuoteShort(method)), source.DidYouMean(method, methods, "use one of")
	case strings.Contains(strings.TrimSuffix(path, "*"), "*"):
		return fmt.Sprintf("%s has a * that is not at its end", source.QuoteShort(text)), "* stands for the rest of the path; write {name} for a part"
	case strings.Count(path, "{") != strings.Count(path, "}") || strings.Contains(path, "{}"):
		return fmt.Sprintf("the braces in %s don't match", source.QuoteShort(text)), "write a part that varies as {name}"
	}
	return "", ""
}
