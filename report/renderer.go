package report

import (
	"io"

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
	// Colored is for a terminal that shows colours; nil: the format has none.
	Colored Renderer
}

// Formats is every format, the default first.
var Formats = []Format{terminalFormat, jsonFormat, htmlFormat, markdownFormat, junitFormat, openMetricsFormat}

// Kept are the formats that every run's folder has a file of.
var Kept = func() (kept []Format) {
	for _, f := range Formats {
		if f.File != "" {
			kept = append(kept, f)
		}
	}
	return kept
}()

// For is the format's renderer for a writer that shows colours or does not.
func (f Format) For(colors bool) Renderer {
	if colors && f.Colored != nil {
		return f.Colored
	}
	return f.Render
}
