package source

import (
	"testing"
)

func TestRender(t *testing.T) {
	data := []byte("scenario: x\ntopology:\n  api:\n    kind: servise # not one\n\ttab: \"a b\"\n")
	problems := Problems{
		{Position{"f.yaml", 4, 11}, "wrong", "right"},
		{Position{"f.yaml", 5, 7}, "tabbed", ""},
		{Position{"f.yaml", 99, 1}, "beyond", ""},
		{Position{"f.yaml", 1, 99}, "aside", ""},
		{Position{}, "nowhere", ""},
	}
	want := `f.yaml:4:11: wrong; right
    3 |   api:
    4 |     kind: servise # not one
      |           ^^^^^^^

f.yaml:5:7: tabbed
    4 |     kind: servise # not one
    5 | 	tab: "a b"
      | 	     ^^^^^

f.yaml:99:1: beyond

f.yaml:1:99: aside
    1 | scenario: x

:0:0: nowhere
`
	if got := Render(problems, data); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
