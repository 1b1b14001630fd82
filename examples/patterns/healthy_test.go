package patterns

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"
)

// quietDay is what the run of an example is called in which all is well.
const quietDay = "on a quiet day"

// healthy writes an example as it is on a quiet day: nothing is done to it, and a quarter of its users come, those who come at first.
func healthy(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "variants")
	doc["phases"] = []any{map[string]any{"name": "quiet", "for": "4s"}, map[string]any{"name": "as quiet", "for": "4s"}}
	doc["expect"] = []any{map[string]any{"in": "quiet", "success": ">= 0%"}} // what the example expects is of its other phases
	loads := doc["load"].(map[string]any)
	for name, l := range loads {
		load := l.(map[string]any)
		rate, _ := load["rate"].(string)
		if stages, is := load["stages"].([]any); is {
			first := stages[0].(map[string]any)
			if rate, is = first["rate"].(string); !is {
				rate = first["from"].(string)
			}
		}
		delete(load, "stages")
		delete(load, "burst")
		var each float64
		if _, err := fmt.Sscanf(rate, "%f/s", &each); err != nil {
			t.Fatalf("%s: load %s: rate %q: %v", file, name, rate, err)
		}
		load["rate"] = fmt.Sprintf("%g/s", max(each/4, 0.01)) // one that comes later is as good as away
	}
	out, err := yaml.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
