package inspect

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/scenarios"
)

func answer() Answer {
	return Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}, "X-Token": {"t-1"}},
		Body: []byte(`{"id": 5, "items": [{"name": "a"}, {"name": "b"}], "token": "s3", "none": null}`)}
}

// Each check holds of the answer as it is, and names itself where it is made not to: none can only hold.
func TestChecks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		right, wrong scenarios.Check
		class        string
	}{
		{"header", scenarios.Check{Header: map[string]string{"content-type": "application/json*", "X-Token": "t-1"}},
			scenarios.Check{Header: map[string]string{"content-type": "application/json"}}, "header Content-Type"},
		{"no header", scenarios.Check{Header: map[string]string{"X-Token": "*"}}, scenarios.Check{Header: map[string]string{"X-Other": "*"}}, "header X-Other"},
		{"json", scenarios.Check{JSON: map[string]scenarios.JSON{"$.id": "5.0", "$.items[*].name": `"b"`, "$.none": "null"}},
			scenarios.Check{JSON: map[string]scenarios.JSON{"$.id": `"5"`}}, "json $.id"},
		{"json that is not there", scenarios.Check{JSON: map[string]scenarios.JSON{"$.id": "5"}},
			scenarios.Check{JSON: map[string]scenarios.JSON{"$.gone": "null"}}, "json $.gone"},
		{"contains", scenarios.Check{Body: &scenarios.BodyCheck{Contains: `"token"`}}, scenarios.Check{Body: &scenarios.BodyCheck{Contains: "error"}}, "body"},
		{"matches", scenarios.Check{Body: &scenarios.BodyCheck{Matches: `"id": \d`}}, scenarios.Check{Body: &scenarios.BodyCheck{Matches: `"id": \d\d`}}, "body"},
	} {
		for want, check := range map[string]*scenarios.Check{"": &c.right, c.class: &c.wrong} {
			r, err := New(check, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Check(answer()); got != want {
				t.Errorf("%s: %q, want %q", c.name, got, want)
			}
		}
	}
}

func TestExtracts(t *testing.T) {
	t.Parallel()
	r, err := New(nil, map[string]scenarios.Extract{
		"a": {JSON: "$.token"}, "b": {Header: "x-token"}, "c": {Regexp: `"id": (\d+)`}, "d": {JSON: "$.items[1]"}, "e": {Regexp: `items`},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	if missing := r.Extract(answer(), got); missing != "" || !r.NeedsBody() {
		t.Errorf("missing %q", missing)
	}
	want := map[string]string{"a": "s3", "b": "t-1", "c": "5", "d": `{"name":"b"}`, "e": "items"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, e := range map[string]scenarios.Extract{"null": {JSON: "$.none"}, "none": {JSON: "$.x"}, "header": {Header: "Y"}, "regexp": {Regexp: "zzz"}} {
		r, err := New(nil, map[string]scenarios.Extract{name: e})
		if err != nil {
			t.Fatal(err)
		}
		if missing := r.Extract(answer(), map[string]string{}); missing != name {
			t.Errorf("%s was found", name)
		}
	}
	r, _ = New(nil, map[string]scenarios.Extract{"line": {JSON: "$.t"}})
	if missing := r.Extract(Answer{Body: []byte(`{"t": "a\r\nX-Injected: b"}`)}, map[string]string{}); missing != "line" {
		t.Error("a value with a line break in it was carried on")
	}
}

// Whatever an answer is, it is looked into without a panic.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"id": 5}`), "Content-Type", "text/plain")
	r, err := New(&scenarios.Check{JSON: map[string]scenarios.JSON{"$.id": "5", "$[*].a": "1"}, Body: &scenarios.BodyCheck{Matches: "a+b"}},
		map[string]scenarios.Extract{"a": {JSON: "$.a"}, "b": {Regexp: "(x)|y"}, "c": {Header: "Z"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, body []byte, name, value string) {
		a := Answer{Status: 200, Header: http.Header{name: {value}}, Body: body}
		_ = r.Check(a)
		_ = r.Extract(a, map[string]string{})
	})
}
