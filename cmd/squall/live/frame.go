package live

import (
	"html"
	"strings"

	"github.com/squallhq/squall/report/page"
)

// frame is the page itself, without the parts that come in as they are drawn: for who may act, by the verbs that there are, or only look on.
// html/template would do this too, and make the program 20 MB larger: with its reflection the linker can leave out no method of anything.
func frame(about, verbs string, values map[string]string) string {
	text := frameText
	switch {
	case verbs == "":
		text = without(text, "actors")
	default:
		text = without(text, "spectators")
	}
	if about == "" {
		text = without(text, "about")
	}
	var parts strings.Builder
	for _, id := range page.LiveParts {
		parts.WriteString(`<section id="` + id + `" class="part" hidden></section>` + "\n")
	}
	replaced := []string{"{{parts}}", parts.String()}
	for name, value := range values {
		replaced = append(replaced, "{{"+name+"}}", html.EscapeString(value))
	}
	return strings.NewReplacer(replaced...).Replace(text)
}

// without leaves out what stands between two marks of a name.
func without(text, mark string) string {
	for {
		before, rest, found := strings.Cut(text, "<!--"+mark+"-->")
		if !found {
			return text
		}
		_, after, _ := strings.Cut(rest, "<!--/"+mark+"-->")
		text = before + after
	}
}
