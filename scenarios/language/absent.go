package language

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/squallhq/squall/scenarios/source"
)

// Absent are the files of the scenario's folder that it needs and that are not there, each where the scenario says so. It is no part of
// parsing: a scenario that has been run is read without them.
func (doc *Document) Absent() error {
	var told source.Problems
	for _, n := range doc.Nodes {
		for _, a := range n.Copied() {
			_, err := os.Stat(filepath.Join(doc.Folder, a.File))
			if err == nil {
				continue
			}
			if pathError, is := errors.AsType[*fs.PathError](err); is {
				err = pathError.Err
			}
			told = append(told, source.Problem{
				Position: doc.Position(a.At), What: fmt.Sprintf("%s can't be used: %v", source.QuoteShort(a.File), err),
				Fix: "put it into " + doc.Folder + ", where the scenario is, or write the path from there",
			})
		}
	}
	if len(told) > 0 {
		return told.Ordered()
	}
	return nil
}
