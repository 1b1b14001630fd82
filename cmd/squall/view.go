package main

import (
	"context"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/squallhq/squall/cmd/squall/gameday"
	"github.com/squallhq/squall/cmd/squall/keys"
	"github.com/squallhq/squall/cmd/squall/live"
	"github.com/squallhq/squall/report/terminal"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
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

// page serves the run's page, where one was asked for, and says where, to by too; else it is nil.
func (f *runFlags) page(by *control.Options, p *planned, folder *folder, say func(string)) (*live.Page, error) {
	if !f.web && f.webAt == (live.Where{}) {
		return nil, nil
	}
	o := shownOf(*by, p)
	o.Where = f.webAt
	shown, err := live.Serve(o)
	if err != nil {
		folder.discard()
		return nil, err
	}
	by.Page, by.Spectators = shown.Link(), shown.Spectators()
	if folder.away { // who follows the run is told, where it can be reached from; the log is for others, too
		return shown, nil
	}
	say("the run's page: " + shown.Link())
	say("to look on only: " + shown.Spectators())
	if sum := shown.Fingerprint(); sum != "" {
		say("its certificate is made for this run, and browsers ask whether to trust it: SHA-256 " + sum)
	}
	return shown, nil
}

// shownOf is what is shown of a run, and may be done to it.
func shownOf(by control.Options, p *planned) live.Options {
	o := live.Options{Control: by, About: p.Scenario.About, Edges: p.Edges}
	for _, l := range p.Scenario.Loads {
		if l.Paced() {
			o.Loads = append(o.Loads, l.Name)
		}
	}
	for _, i := range p.Instances {
		if !slices.Contains(o.Nodes, i.Node.Name) {
			o.Nodes = append(o.Nodes, i.Node.Name)
		}
	}
	return o
}

// atTheKeys makes a run that is steered by single keys too, where somebody sits at a terminal and there is time for it.
func (f *runFlags) atTheKeys(ctx context.Context, o runner.Options, by control.Options, folder *folder, t *telling, progress *terminal.Progress) (*record.Result, error) {
	if _, inVirtualTime := o.Engine.(runner.Enclosing); inVirtualTime || f.quiet || !animated(os.Stderr) || !term.IsTerminal(int(os.Stdin.Fd())) {
		return followed(ctx, o, by, folder, t)
	}
	pressed, err := keys.Begin(ctx, keys.Options{
		Control: by, Who: gameday.Somebody(), Suggest: sync.OnceValue(shownOf(by, t.plan).Suggestions),
		Terminal: os.Stdin, Line: progress.Line, Foot: progress.Foot, Width: func() int { return columns(os.Stderr) },
	})
	if err != nil {
		progress.Line("warning: no keys are taken, squall ctl steers the run: " + err.Error())
		return followed(ctx, o, by, folder, t)
	}
	defer pressed.Close()
	show, hold := o.Watch, o.Hold
	o.Watch = func(s record.Status) {
		if s.State == "done" {
			pressed.Close()
		}
		show(s)
	}
	if hold != nil {
		o.Hold = func(ctx context.Context, held runner.Held) {
			pressed.Close() // all that keys can do is over
			hold(ctx, held)
		}
	}
	return followed(ctx, o, by, folder, t)
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
