package report

import (
	"encoding/json"
	"io"

	"github.com/squallhq/squall/runner/record"
)

var jsonFormat = Format{Name: "json", Render: JSON}

// JSON writes the run's result.json.
func JSON(w io.Writer, r *record.Result) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
