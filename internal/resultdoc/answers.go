package main

import (
	"path/filepath"
	"strings"
)

// answered are the files that answers about many runs leave, and the packages of report whose Document each is.
var answered = []struct{ dir, title string }{
	{"compare", "compare.json"},
	{"sweep", "sweep.json"},
	{"capacity", "capacity.json"},
}

// answers is the text on the documents of comparisons, sweeps and capacities, from the Go files of the packages in dir, which is report.
func answers(dir string) (string, error) {
	var b strings.Builder
	b.WriteString(`# compare.json, sweep.json and capacity.json

What ` + "`squall compare`, `squall sweep` and `squall capacity` print with `--format json`, and keep with `--out`" + `. This file is made from the comments of
their packages (` + "`go generate ./report/answer`" + `); change them, not it. All three begin with the same fields, and ` + "`kind`" + ` tells them apart.

Fields are added, never renamed. What is ` + "`null`" + ` could not be told: it is never zero. A list, text or object that is marked optional is absent
where it is empty.
`)
	head, err := read(filepath.Join(dir, "answer"))
	if err != nil {
		return "", err
	}
	if err := head.section(&b, firstAnswer, "Head", "## Head", map[string]bool{}); err != nil {
		return "", err
	}
	for _, one := range answered {
		structs, err := read(filepath.Join(dir, one.dir))
		if err != nil {
			return "", err
		}
		if err := structs.section(&b, firstAnswer, "Document", "## "+one.title, map[string]bool{}); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}
