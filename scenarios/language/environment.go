package language

import (
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// read is a file's tree, with what came from the environment marked where it must not be told.
func read(file string, data []byte) (*source.Value, source.Problems) {
	root, problems := source.Read(file, data)
	if root != nil {
		root.Withhold(grammar.Withheld)
	}
	return root, problems
}

// open is the scenario as it may be told, from its tree as it is before it is decoded; nil where nothing in it came from the
// environment that must not be told. Its mistakes are those of the scenario itself.
func (doc *Document) open() *scenarios.Scenario {
	templates := doc.templates
	if len(doc.root.Secrets()) == 0 && (templates == nil || len(templates.Secrets()) == 0) {
		return nil
	}
	if templates != nil {
		templates = templates.Open()
	}
	return grammar.NewDecoder(&source.Report{}, templates).Scenario(doc.root.Open())
}

// shortest is how long a secret is that is looked for in messages: shorter ones are found in any text.
const shortest = 4

// masked are problems without the secrets that came from the environment.
func (doc *Document) masked(problems source.Problems) source.Problems {
	var pairs []string
	collect := func(v *source.Value) {
		for text, told := range v.Secrets() {
			if len(text) >= shortest {
				pairs = append(pairs, text, told, source.Shorten(text), source.Shorten(told))
			}
		}
	}
	collect(doc.root)
	if doc.templates != nil {
		collect(doc.templates)
	}
	if pairs == nil {
		return problems
	}
	mask := strings.NewReplacer(pairs...)
	for i := range problems {
		problems[i].What, problems[i].Fix = mask.Replace(problems[i].What), mask.Replace(problems[i].Fix)
	}
	return problems
}
