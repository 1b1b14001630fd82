package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

func reportCommand() *cobra.Command {
	var format string
	var verbose bool
	c := &cobra.Command{
		Use:   "report [DIR]",
		Short: "Show a stored run again (default: runs/latest, the last one saved under runs/)",
		Example: `  squall report
  squall report -v
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
			return report.Formats[i].For(viewed(verbose))(c.OutOrStdout(), r)
		},
	}
	c.Flags().StringVar(&format, "format", report.Formats[0].Name, formats())
	registerVerbose(c, &verbose)
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
