package main

import (
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/squallhq/squall/report/terminal"
)

// registerVerbose has reports for people show all that they otherwise fold.
func registerVerbose(c *cobra.Command, verbose *bool) {
	c.Flags().BoolVarP(verbose, "verbose", "v", false, "show all of the report: every phase and request, each replica's edges, all findings and faults. "+
		"It is as wide as the terminal, or as COLUMNS says where there is none (default: 100)")
}

// viewed is how whoever reads standard output sees a report.
func viewed(verbose bool) terminal.View {
	return terminal.View{Color: colorful(os.Stdout), Width: columns(os.Stdout), Verbose: verbose}
}

// progressing shows a run on standard error while it goes on.
func progressing(quiet bool) *terminal.Progress {
	return terminal.NewProgress(os.Stderr, animated(os.Stderr) && !quiet, colorful(os.Stderr), func() (int, int) { return size(os.Stderr) })
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

// columns is how wide a file's terminal is.
func columns(f *os.File) int {
	width, _ := size(f)
	return width
}

// size is how many columns and lines a file's terminal has now, or the environment says.
func size(f *os.File) (width, height int) {
	if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w, h
	}
	if w, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && w > 0 {
		return w, lines
	}
	return terminal.DefaultWidth, lines
}

// lines is how many a terminal has that does not say.
const lines = 24
