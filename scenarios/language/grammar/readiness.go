package grammar

import (
	"fmt"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// readinessTest reads the test of a healthcheck as Compose does: a text is for the shell, a list says what it is.
func (d *Decoder) readinessTest(v *source.Value, into *scenarios.ReadinessTest, f field) {
	const fix = "write [CMD, pg_isready], [CMD-SHELL, TEXT] or a text"
	*into = scenarios.ReadinessTest{scenarios.TestCommand} // what is wrong in it is told once: it is there
	if v.Kind == source.Scalar && !v.IsNull() && v.Text != "" {
		*into = scenarios.ReadinessTest{scenarios.TestShell, v.Text}
		return
	}
	if v.Kind != source.List || len(v.Items) == 0 {
		d.Problem(v, f.key+" needs a command, not "+v.What(), fix)
		return
	}
	var words scenarios.ReadinessTest
	for _, item := range v.Items {
		if item.Kind != source.Scalar || item.IsNull() {
			d.Problem(item, fmt.Sprintf("%s needs texts, not %s", f.key, item.What()), "write one argument a place")
			return
		}
		words = append(words, item.Text)
	}
	switch how := words[0]; {
	case how == "NONE":
		d.Problem(v, f.key+" is none", "leave healthcheck out: it is ready when its port takes connections; what has no port says health: none")
	case how != scenarios.TestCommand && how != scenarios.TestShell:
		d.Problem(v.Items[0], fmt.Sprintf("%s begins with %s", f.key, source.QuoteShort(how)), "begin it with CMD, or with CMD-SHELL and one text")
	case len(words) == 1 || how == scenarios.TestShell && len(words) != 2:
		d.Problem(v, fmt.Sprintf("%s has %d words after %s", f.key, len(words)-1, how), fix)
	default:
		*into = words
	}
}
