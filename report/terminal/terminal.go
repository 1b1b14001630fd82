// Package terminal shows runs to people at a terminal: a report of a stored run, whose first screen says what broke, for whom, why
// and for how long; a summary of several; and a run while it goes on.
package terminal

import (
	"fmt"
	"io"

	"github.com/squallhq/squall/runner/record"
)

// View is how somebody looks at a report. The zero View is everybody's who says nothing: no colour, 100 columns, the worst of each sort.
type View struct {
	// Color is on where the terminal shows it, and nobody asked for none. It says nothing that the words do not.
	Color bool
	// Width is how many columns a line may have; 0: DefaultWidth.
	Width int
	// Verbose shows all rows, replicas apart, and all of every finding.
	Verbose bool
}

// The widths of reports, in columns.
const (
	// DefaultWidth is that of a report which no terminal says the width of.
	DefaultWidth = 100
	// narrow is what a table is stacked below that does not fit.
	narrow = 90
	// narrowest is what a report is made for at least.
	narrowest = 40
	// mostProse is how long a line of a sentence may be on a wide terminal: nobody reads longer ones.
	mostProse = 110
)

// Render writes the report of a run: verdict and reasons, why, what users felt, what crossed the edges, what waits in queues, what caches and breakers
// did, the faults with what met them, and the harness's own honesty. No line is wider than the view.
func Render(w io.Writer, r *record.Result, v View) error {
	s := newSheet(v)
	for _, section := range []func(*sheet, *record.Result) error{
		verdict, findings, held, requests, edges, flows, caches, breakers, faults, trust,
	} {
		if err := section(s, r); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	_, err := w.Write(s.b.Bytes())
	return err
}
