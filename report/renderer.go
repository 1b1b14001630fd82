package report

import (
	"io"

	"github.com/squallhq/squall/report/terminal"
	"github.com/squallhq/squall/runner/record"
)

// Renderer writes a stored run for one sort of reader.
type Renderer func(io.Writer, *record.Result) error

// Format is one way in which a stored run can be shown. Its row stands in its renderer's own file.
type Format struct {
	// Name is what --format takes.
	Name   string
	Render Renderer
	// File is what a run's folder keeps it as, "": it keeps none.
	File string
	// Wanted tells of which runs a folder keeps it; nil: of all.
	Wanted func(*record.Result) bool
	// Viewed is for whoever looks at it, on a terminal; nil: it looks the same to everybody.
	Viewed func(terminal.View) Renderer
}

// Formats is every format, the default first.
var Formats = []Format{terminalFormat, jsonFormat, htmlFormat, markdownFormat, junitFormat, openMetricsFormat, retrospectiveFormat}

// Kept are the formats that a run's folder has a file of.
func Kept(r *record.Result) (kept []Format) {
	for _, f := range Formats {
		if f.File != "" && (f.Wanted == nil || f.Wanted(r)) {
			kept = append(kept, f)
		}
	}
	return kept
}

// For is the format's renderer for somebody who looks at it so.
func (f Format) For(v terminal.View) Renderer {
	if f.Viewed != nil {
		return f.Viewed(v)
	}
	return f.Render
}

var terminalFormat = Format{
	Name:   "table",
	Render: Terminal,
	Viewed: func(v terminal.View) Renderer {
		return func(w io.Writer, r *record.Result) error { return terminal.Render(w, r, v) }
	},
}

// Terminal writes the report for people, as wide and as long as it is by default.
func Terminal(w io.Writer, r *record.Result) error { return terminal.Render(w, r, terminal.View{}) }
