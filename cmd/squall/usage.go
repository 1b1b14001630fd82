package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/squallhq/squall/scenarios/source"
)

// What is wrong with a command line, in the words of whoever typed it: what it was, what was meant, where to look.

// wants is what a value of a flag's type looks like.
var wants = map[string]string{
	"uint64":   "a whole number such as 7",
	"duration": "a duration such as 250us, 30ms or 2s",
	"bool":     "true or false",
}

// flagError says a flag's error without the words of the packages that found it.
func flagError(c *cobra.Command, err error) error {
	if invalid, is := errors.AsType[*pflag.InvalidValueError](err); is {
		f := invalid.GetFlag()
		if want, known := wants[f.Value.Type()]; known {
			return fmt.Errorf("--%s needs %s, not %q", f.Name, want, invalid.GetValue())
		}
	}
	if unknown, is := errors.AsType[*pflag.NotExistError](err); is {
		if near := source.Nearest(unknown.GetSpecifiedName(), flagsOf(c)); near != "" {
			return fmt.Errorf("%w; did you mean --%s?", err, near)
		}
	}
	return fmt.Errorf("%w; `%s --help` lists the flags", err, c.CommandPath())
}

func flagsOf(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// known wants no argument, since one would be the name of a command that there is not.
func known(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	meant := ""
	if near := source.Nearest(args[0], names); near != "" {
		meant = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Errorf("there is no command %q; %s`%s help` lists them all", args[0], meant, c.CommandPath())
}

// helpCommand is cobra's, but for a word that is no command.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if about == root && len(args) > 0 {
				return known(root, args)
			}
			if err != nil || len(rest) > 0 {
				return known(about, rest)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
