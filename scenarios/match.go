package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	anyParameter = regexp.MustCompile(`\{[^{}]*\}`)
	conflict     = regexp.MustCompile(`conflicts with pattern "([^"]*)"`)
)

// sample is a path as it may be sent: its parameters filled, its query cut off.
func sample(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return anyParameter.ReplaceAllString(path, "1")
}

// methods are the HTTP methods of the language.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// checkMatch says what is wrong with "METHOD /path" (the method optional where not needed), "" if nothing.
func checkMatch(text string, needMethod bool) (what, fix string) {
	method, path, ok := strings.Cut(text, " ")
	if !ok {
		method, path = "", text
	}
	switch {
	case !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\n\r#") || strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c >= 0x7f }):
		return fmt.Sprintf("%s is not METHOD /path", quoteShort(text)), "write it as in GET /catalog/{item}, in ASCII and the path without blanks"
	case method == "" && needMethod:
		return fmt.Sprintf("%s has no method", quoteShort(text)), "write GET " + shorten(text)
	case method != "" && !slices.Contains(methods, method):
		return fmt.Sprintf("%s is not an HTTP method", quoteShort(method)), didYouMean(method, methods, "use one of")
	case strings.Contains(strings.TrimSuffix(path, "*"), "*"):
		return fmt.Sprintf("%s has a * that is not at its end", quoteShort(text)), "* stands for the rest of the path; write {name} for a part"
	case strings.Count(path, "{") != strings.Count(path, "}") || strings.Contains(path, "{}"):
		return fmt.Sprintf("the braces in %s don't match", quoteShort(text)), "write a part that varies as {name}"
	}
	return "", ""
}
