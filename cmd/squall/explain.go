package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/report/findings"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/metric"
	"github.com/squallhq/squall/scenarios/source"
)

func explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "explain [FAULT | KEY | KIND | TERM]",
		Short:   "Say what a fault does to a client, what a key of the language or a word of the report means",
		Example: "  squall explain blackhole\n  squall explain retry.on\n  squall explain \"lost or late\"",
		RunE: func(c *cobra.Command, args []string) error {
			w := c.OutOrStdout()
			if len(args) == 0 {
				return explainAll(w)
			}
			word := strings.ToLower(strings.Join(args, " "))
			found := false
			if e, ok := faults.Lookup(strings.ReplaceAll(word, " ", "_")); ok {
				explainFault(w, e)
				found = true
			}
			for _, t := range report.Terms {
				if strings.ToLower(t.Name) == word { // latency is a fault and a figure
					if found {
						fmt.Fprintln(w)
					}
					fmt.Fprintf(w, "%s, in a report:\n\n%s\n", t.Name, t.Meaning)
					found = true
				}
			}
			key := strings.ReplaceAll(word, " ", "_")
			if m, ok := metric.Lookup(key); ok {
				if found {
					fmt.Fprintln(w)
				}
				explainMetric(w, m)
				found = true
			}
			for _, k := range findings.Kinds {
				if k.Name == word {
					fmt.Fprintf(w, "%s, a finding:\n\n%s.\n", k.Name, capital(k.Means))
					found = true
				}
			}
			if explainKeys(w, key, found) || found {
				return nil
			}
			meant := ""
			if near := source.Nearest(word, explained()); near != "" {
				meant = fmt.Sprintf("did you mean %q? ", near)
			}
			return fmt.Errorf("nothing is called %q; %s`squall explain` lists every fault, key and term", word, meant)
		},
	}
}

// explained are all words that can be explained: faults, terms, metrics and keys.
func explained() []string {
	var words []string
	for _, e := range faults.Kinds {
		words = append(words, e.Word)
	}
	for _, t := range report.Terms {
		words = append(words, t.Name)
	}
	for _, k := range findings.Kinds {
		words = append(words, k.Name)
	}
	words = append(words, metric.Names()...)
	for _, k := range grammar.Reference() {
		words = append(words, k.Name)
	}
	return words
}

func explainAll(w io.Writer) error {
	fmt.Fprintln(w, "Faults:")
	for _, e := range faults.Kinds {
		fmt.Fprintf(w, "  %-14s %s\n", e.Word, e.Explain.Summary)
	}
	fmt.Fprintln(w, "\nKinds of node and keys of the language: cdn, gateway, service, cache, database, queue, stream;")
	fmt.Fprintln(w, "  circuit_breaker, outliers, failover, shed, replica_of, outbox ...: any key that a scenario may have.")
	fmt.Fprintln(w, "\nMetrics, which an expectation may bound:")
	for _, m := range metric.Table {
		fmt.Fprintf(w, "  %-14s %s\n", m.Name, clip(strings.TrimSuffix(m.Doc, "."), 100))
	}
	fmt.Fprintln(w, "\nFindings, by which a report says why:")
	for _, k := range findings.Kinds {
		fmt.Fprintf(w, "  %s\n", k.Name)
	}
	fmt.Fprintln(w, "\nTerms:")
	for _, t := range report.Terms {
		first, _, _ := strings.Cut(strings.ReplaceAll(t.Meaning, "\n", " "), ". ")
		fmt.Fprintf(w, "  %-17s %s\n", t.Name, clip(strings.TrimSuffix(first, "."), 90))
	}
	return nil
}

// clip cuts a text at a word's end, so that it is no longer than n.
func clip(s string, n int) string {
	if len(s) <= n {
		return s + "."
	}
	return s[:strings.LastIndex(s[:n], " ")] + " ..."
}

// explainMetric says what a metric is, whose, which way is better and what it takes for it to be told.
func explainMetric(w io.Writer, m metric.Metric) {
	fmt.Fprintf(w, "%s, a metric of expectations:\n\n  %s\n", m.Name, m.Doc)
	if better := map[metric.Better]string{metric.More: "More", metric.Less: "Less"}[m.Better]; better != "" {
		fmt.Fprintf(w, "  %s is better.\n", better)
	}
	if m.Latency() {
		fmt.Fprintln(w, "  It is of answers, ok and degraded, unless latency_of says otherwise.")
	}
	if m.Percentile > 0 {
		fmt.Fprintf(w, "  It is unknown of fewer than %d (see: squall explain percentile).\n", m.Needs())
	}
	if m.Unit == metric.Share {
		fmt.Fprintln(w, "  Its verdict is as sure as the expectation's confidence, 95% where it does not say (see: squall explain confidence).")
	}
}

func explainFault(w io.Writer, e faults.Entry) {
	fmt.Fprintf(w, "%s: %s\n\n", e.Word, e.Explain.Summary)
	fmt.Fprintf(w, "  new connections   %s\n", e.Explain.New)
	fmt.Fprintf(w, "  open connections  %s\n", e.Explain.Open)
	fmt.Fprintf(w, "  when it ends      %s\n\n", e.Explain.Lifted)
	for _, k := range grammar.KeysOfFault(e) {
		doc := k.Doc
		if len(k.Words) > 0 {
			doc += " (" + strings.Join(k.Words, ", ") + ")"
		}
		fmt.Fprintf(w, "  %-17s %s\n", k.Name, doc)
	}
	fmt.Fprintf(w, "\n  faults:\n    - %s\n", e.Explain.Example)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// explainKeys says what a key of the language means, wherever it may stand, and what a kind of node has for keys of its
// own, with an empty line before each where something stands there already. OWNER.KEY is that key of the owner alone. It tells whether there was anything to say.
func explainKeys(w io.Writer, word string, after bool) bool {
	said := false
	apart := func() {
		if after || said {
			fmt.Fprintln(w)
		}
		said = true
	}
	in := grammar.KeysIn(strings.ReplaceAll(word, "_", " "))
	listed := false // load is a key and what it takes; steps are a session's, and what endpoints have
	of, name := "", word
	if owner, key, dotted := strings.Cut(word, "."); dotted { // retry.on: the key on of retry alone
		of, name = owner, key
	}
	for _, k := range grammar.Reference() {
		if k.Name == name && (of == "" || isOf(k, of)) {
			apart()
			explainKey(w, k)
			listed = listed || slices.EqualFunc(k.Keys, in, func(a, b grammar.Key) bool { return a.Name == b.Name })
		}
	}
	if its := grammar.KeysOf(word); len(its) > 0 {
		apart()
		fmt.Fprintf(w, "kind: %s has, besides what every node has:\n\n", word)
		listKeys(w, its)
	}
	if len(in) > 0 && !listed {
		apart()
		fmt.Fprintf(w, "%s, in a scenario's file, has:\n\n", word)
		listKeys(w, in)
	}
	return said
}

// isOf tells whether a key is one of an owner that is named so: a circuit breaker, a fault, or a kind of node.
func isOf(k grammar.Key, owner string) bool {
	spaced := func(s string) string { return " " + strings.ReplaceAll(s, "_", " ") + " " }
	return slices.Contains(k.Kinds, owner) || slices.ContainsFunc(k.Of, func(noun string) bool { return strings.Contains(spaced(noun), spaced(owner)) })
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
