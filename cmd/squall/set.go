package main

import (
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/scenarios/language"
)

// registerSets gives a command --set, with the paths of its scenario for the shell to complete.
func registerSets(c *cobra.Command, sets *[]string) {
	c.Flags().StringArrayVar(sets, "set", nil, "change the scenario: PATH=VALUE, as in load.shoppers.rate=300/s or phases.steady.for=5s; may be given several times")
	_ = c.RegisterFlagCompletionFunc("set", func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		return settable(c, args, "", begun)
	})
}

// settable are the paths of a command's scenario that begin so, for the shell to complete, each after what has been typed before it.
func settable(c *cobra.Command, args []string, before, begun string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if len(args) == 0 {
		return nil, directive
	}
	data, err := os.ReadFile(args[0])
	if err != nil {
		return nil, directive
	}
	variant := ""
	if f := c.Flags().Lookup("variant"); f != nil {
		variant = f.Value.String()
	}
	var out []string
	for _, path := range language.Paths(data, variant) {
		if name, value, _ := strings.Cut(path, "\t"); strings.HasPrefix(name, begun) {
			out = append(out, before+name+"=\tis "+value)
		}
	}
	return out, directive
}

// plainWord is what a shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=%@+-]+$`)

// shellQuoted is a word as a shell reads it.
func shellQuoted(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
