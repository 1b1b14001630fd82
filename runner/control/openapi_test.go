package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/squallhq/squall/runner"
)

// The document describes what is served: each of its verbs is answered, no other is, and its schemas have the fields of the types.
func TestTheDocumentDescribesTheControl(t *testing.T) {
	data, err := os.ReadFile("../../docs/control.openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths      map[string]map[string]any
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Items struct{ Properties map[string]any }
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	routes := Options{Hands: &runner.Hands{}}.Routes()
	for path, verbs := range document.Paths {
		for method := range verbs {
			w := httptest.NewRecorder()
			routes.ServeHTTP(w, httptest.NewRequest(strings.ToUpper(method), path, strings.NewReader(`{"text": "x", "fault": "x", "load": "x2"}`)))
			if w.Code != http.StatusConflict { // the run is not under way
				t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
		}
	}
	if got := slices.Sorted(maps.Keys(document.Paths)); fmt.Sprint(got) != "[/v1/abort /v1/alert /v1/clear /v1/go /v1/hold /v1/inject /v1/load /v1/mark /v1/next /v1/note /v1/skip /v1/status]" {
		t.Errorf("described are %v", got)
	}
	for name, value := range map[string]any{"Asked": Asked{}, "Done": Done{}, "On": On{}, "Blast": Blast{}, "Standing": Standing{}} {
		if got, want := slices.Sorted(maps.Keys(document.Components.Schemas[name].Properties)), fields(reflect.TypeOf(value)); !slices.Equal(got, want) {
			t.Errorf("%s has %v in the document, and %v in fact", name, got, want)
		}
	}
	for name, value := range map[string]any{"phases": Phase{}, "paces": Paced{}, "coming": Coming{}, "requests": Request{}, "edges": Edge{}, "queues": Queue{}, "breakers": Breaker{}} {
		if got, want := slices.Sorted(maps.Keys(document.Components.Schemas["Standing"].Properties[name].Items.Properties)), fields(reflect.TypeOf(value)); !slices.Equal(got, want) {
			t.Errorf("%s have %v in the document, and %v in fact", name, got, want)
		}
	}
}

// fields are the JSON names of a struct's fields.
func fields(of reflect.Type) (out []string) {
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// A pace is read as it is typed.
func TestPaces(t *testing.T) {
	for text, want := range map[string]string{
		"x2": " {0s 2 0}", " shoppers=x0.5 ": "shoppers {0s 0.5 0}", "shoppers=300/s": "shoppers {0s 0 300}", "shoppers=0/s": "shoppers {0s 0 0}",
		"": "", "2": "", "300/s": "", "=x2": "", "shoppers=": "", "shoppers=300": "", "x0": "", "x-1": "", "xNaN": "", "x2000": "", "shoppers=-3/s": "", "shoppers=NaN/s": "",
	} {
		load, pace, err := paceOf(text)
		if got := fmt.Sprint(load, " ", pace); err == nil && got != want || (err != nil) != (want == "") {
			t.Errorf("%q is read as %q, error %v, want %q", text, got, err, want)
		}
	}
}

// What is asked without sense is refused with its reason.
func TestRefusals(t *testing.T) {
	routes := Options{Hands: &runner.Hands{}}.Routes()
	for body, want := range map[string]string{
		`{`:                  "read the request: unexpected EOF",
		`{"falt": "x"}`:      `read the request: json: unknown field "falt"`,
		`{"for": "-3s"}`:     `for is "-3s": give a time above zero, as in 30s`,
		`{"for": "a while"}`: `for is "a while": give a time above zero, as in 30s`,
	} {
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/inject", strings.NewReader(body)))
		var done Done
		if err := json.Unmarshal(w.Body.Bytes(), &done); err != nil || done.Error != want {
			t.Errorf("%s: %d %q, want %q", body, w.Code, done.Error, want)
		}
	}
}
