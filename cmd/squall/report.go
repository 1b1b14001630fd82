package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

func reportCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "report [DIR]",
		Short: "Show a stored run again (default: runs/latest, the last one saved under runs/)",
		Example: `  squall report
  squall report runs/latest --format json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := filepath.FromSlash(latest)
			if len(args) == 1 {
				dir = args[0]
			} else if _, err := os.Stat(dir); err != nil {
				return fmt.Errorf("which run? there is no %s here; try: squall report DIR", latest)
			}
			r, err := record.Read(dir)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(report.Formats, func(f report.Format) bool { return f.Name == format })
			if i < 0 {
				return fmt.Errorf("unknown format %q; use %s", format, formats())
			}
			return report.Formats[i].For(colorful(os.Stdout))(c.OutOrStdout(), r)
		},
	}
	c.Flags().StringVar(&format, "format", report.Formats[0].Name, formats())
	return c
}

// formats are those that a run can be shown in: table, json ... or metrics.
func formats() string {
	var names []string
	for _, f := range report.Formats {
		names = append(names, f.Name)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// colorful tells whether colour may be written: a terminal, and nobody asked for none.
func colorful(f *os.File) bool {
	_, none := os.LookupEnv("NO_COLOR")
	return animated(f) && !none
}

// animated tells whether a line may be redrawn in place.
func animated(f *os.File) bool {
	_, ci := os.LookupEnv("CI")
	return term.IsTerminal(int(f.Fd())) && !ci && os.Getenv("TERM") != "dumb"
}

func width(f *os.File) func() int {
	return func() int {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
		return 100
	}
}
