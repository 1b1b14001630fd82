package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// shownBy are the names of the examples that cover a practice.
func shownBy(examples []*example, id string) []string {
	var names []string
	for _, e := range examples {
		if slices.Contains(e.covers, id) {
			names = append(names, e.name)
		}
	}
	return names
}

// writePractices writes which practice is shown by what, and why the others are not.
func writePractices(w io.Writer, examples []*example) error {
	shown, all := 0, 0
	for _, g := range groups {
		for _, p := range g.practices {
			all++
			if len(shownBy(examples, p.id)) > 0 {
				shown++
			}
		}
	}
	fmt.Fprintf(w, "\n## Which practices are shown\n\n%d of %d have an example. The others say what stands in the way, or what shows them in an example's place.\n", shown, all)
	for _, g := range groups {
		fmt.Fprintf(w, "\n| | %s | shown by |\n|---|---|---|\n", g.title)
		for _, p := range g.practices {
			by := p.left
			if names := shownBy(examples, p.id); len(names) > 0 {
				for i, name := range names {
					names[i] = "[" + name + "](patterns/" + name + ".yaml)"
				}
				by = strings.Join(names, ", ")
			} else if by != "" {
				by = "– " + by
			}
			id := p.id
			if strings.HasSuffix(id, "-anti") {
				id = ""
			}
			if _, err := fmt.Fprintf(w, "| %s | %s | %s |\n", id, p.name, by); err != nil {
				return err
			}
		}
	}
	return nil
}
