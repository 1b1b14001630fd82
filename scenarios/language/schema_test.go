package language

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
)

var update = flag.Bool("update", false, "write the generated files again")

func TestSchemaIsInStep(t *testing.T) {
	want, err := grammar.GenerateSchema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("../squall.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(scenarios.Schema())); diff != "" {
		t.Errorf("squall.schema.json is behind the types; run go test ./scenarios/language -update (-want +got):\n%s", diff)
	}
}

// compiled is the schema as an editor would use it.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(scenarios.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("squall.schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("squall.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// instance is a YAML file as a JSON value.
func instance(t testing.TB, data []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Every valid file passes both the decoder and the schema.
func TestSchemaTakesValidFiles(t *testing.T) {
	s := compiled(t)
	files, err := filepath.Glob("testdata/valid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no valid files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if problems := Check(file, data); len(problems) > 0 {
				t.Errorf("the decoder says:\n%v", problems)
			}
			if err := s.Validate(instance(t, data)); err != nil {
				t.Errorf("the schema says:\n%v", err)
			}
		})
	}
}
