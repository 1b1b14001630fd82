package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios/language/grammar"
)

// explainKeys says what a key of the language means, wherever it may stand, and what a kind of node has for keys of its
// own, with an empty line before each where something stands there already. It tells whether there was anything to say.
func explainKeys(w io.Writer, word string, after bool) bool {
	said := false
	apart := func() {
		if after || said {
			fmt.Fprintln(w)
		}
		said = true
	}
	listed := false
	for _, k := range grammar.Reference() {
		if k.Name == word {
			apart()
			explainKey(w, k)
			listed = listed || len(k.Keys) > 0
		}
	}
	if of := grammar.KeysOf(word); len(of) > 0 {
		apart()
		fmt.Fprintf(w, "kind: %s has, besides what every node has:\n\n", word)
		listKeys(w, of)
	}
	if in := grammar.KeysIn(strings.ReplaceAll(word, "_", " ")); len(in) > 0 && !listed { // load is a key and what it takes
		apart()
		fmt.Fprintf(w, "%s, in a scenario's file, has:\n\n", word)
		listKeys(w, in)
	}
	return said
}

func explainKey(w io.Writer, k grammar.Key) {
	where := "of " + strings.Join(k.Of, " and ")
	if len(k.Kinds) > 0 && !slices.Equal(k.Kinds, []string{"image"}) {
		where += " (" + strings.Join(k.Kinds, ", ") + ")"
	}
	fmt.Fprintf(w, "%s, a key %s:\n\n  %s\n", k.Name, where, k.Doc)
	if k.Takes != "" {
		fmt.Fprintf(w, "  It takes %s.\n", k.Takes)
	}
	if len(k.Keys) > 0 {
		fmt.Fprintln(w)
		listKeys(w, k.Keys)
	}
}

// listKeys is a line a key: what it is called, whether it has to be there, how a value looks and what it means.
func listKeys(w io.Writer, keys []grammar.Key) {
	width := 0
	for _, k := range keys {
		width = max(width, len(k.Name))
	}
	for _, k := range keys {
		doc := k.Doc
		if k.Need {
			doc += " It has to be there."
		}
		fmt.Fprintf(w, "  %-*s  %s\n", width, k.Name, doc)
	}
}
