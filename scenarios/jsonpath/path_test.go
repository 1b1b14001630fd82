package jsonpath

import (
	"encoding/json"
	"testing"
)

func TestFind(t *testing.T) {
	t.Parallel()
	document, err := Decode([]byte(`{"id": 5, "a b": {"c": [1, 2.50, "x"]}, "items": [{"id": 7}, {"id": "8"}], "none": null, "big": 9007199254740993}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"$.id": `[5]`, "$.items[0].id": `[7]`, "$.items[-1].id": `["8"]`, "$.items[*].id": `[7,"8"]`, "$['a b'].c[1]": `[2.50]`,
		`$["a b"].c[2]`: `["x"]`, "$.none": `[null]`, "$.no": `null`, "$.id.x": `null`, "$.items[5]": `null`, "$.items.*": `[{"id":7},{"id":"8"}]`,
		"$.big": `[9007199254740993]`,
	} {
		p, err := Parse(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, _ := json.Marshal(p.Find(document))
		if string(got) != want {
			t.Errorf("%s finds %s, want %s", path, got, want)
		}
	}
	for _, bad := range []string{"", "id", "$id", "$.", "$..id", "$[", "$['a", "$[x]", "$.a b", "$.a[?(@.x)]"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1", "1.0", true}, {"1", `"1"`, false}, {"9007199254740993", "9007199254740992", false}, {"null", "null", true},
		{`[1,{"a":2}]`, `[1.0,{"a":2e0}]`, true}, {`{"a":1}`, `{"a":1,"b":2}`, false}, {"true", "true", true}, {"1e400", "1e401", false},
	} {
		a, errA := Decode([]byte(c.a))
		b, errB := Decode([]byte(c.b))
		if errA != nil || errB != nil || Equal(a, b) != c.want {
			t.Errorf("%s and %s: not %v (%v, %v)", c.a, c.b, c.want, errA, errB)
		}
	}
	if _, err := Decode([]byte(`{} x`)); err == nil {
		t.Error("what stands after a document was taken")
	}
}

// Whatever comes in, a path either is an error or finds something or nothing.
func FuzzPath(f *testing.F) {
	f.Add("$.a[0]['b c'].*", `{"a":[{"b c":{"d":1}}]}`)
	f.Add("$[-1][*]", `[[1,2]]`)
	f.Fuzz(func(t *testing.T, path, text string) {
		p, err := Parse(path)
		if err != nil {
			return
		}
		document, err := Decode([]byte(text))
		if err != nil {
			return
		}
		for _, v := range p.Find(document) {
			if !Equal(v, v) && !json.Valid([]byte(Text(v))) {
				t.Errorf("%q is not itself", Text(v))
			}
		}
	})
}
