package language

import "github.com/squallhq/squall/scenarios/source"

// composeFile says of a Compose file, whatever else is wrong with it, how it becomes a scenario; nil for all others.
func composeFile(file string, root *source.Value) source.Problems {
	services := root.Entry("services")
	if services == nil || services.Value.Kind != source.Mapping || root.Get("scenario") != nil || root.Get("topology") != nil {
		return nil
	}
	return source.Problems{{
		Position: source.Position{File: file, Line: services.At.Line, Column: services.At.Column},
		What:     "this is a Compose file, not a scenario", Fix: "make a scenario of it with: squall import " + file + " -o scenario.yaml",
	}}
}
