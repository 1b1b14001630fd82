package keys

import (
	"fmt"
	"testing"

	"github.com/squallhq/squall/cmd/squall/live"
)

// A fault is completed as far as there is one way to go on, and no further.
func TestComplete(t *testing.T) {
	s := live.Suggestions{
		Kinds: []live.Suggestion{
			{Text: "latency: 300ms, on: TARGET", On: "edges"}, {Text: "errors: 30%, on: TARGET, code: 503", On: "edges"},
			{Text: "outage: TARGET", On: "nodes"}, {Text: "out_of_disk: TARGET", On: "nodes"},
		},
		Edges: []string{"users -> gw", "gw -> shop"}, Nodes: []string{"gw", "shop"},
	}
	for typed, want := range map[string]string{
		"":                           " [latency errors outage out_of_disk]",
		"lat":                        "latency: 300ms, on:  []",
		"latency: ":                  "latency: 300ms, on:  []",
		"o":                          "out [outage out_of_disk]",
		"outa":                       "outage:  []",
		"outage: ":                   "outage:  [gw shop]",
		"outage: s":                  "outage: shop []",
		"latency: 300ms, on: ":       "latency: 300ms, on:  [users -> gw gw -> shop]",
		"latency: 20ms, on: u":       "latency: 20ms, on: users -> gw []",
		"latency: 20ms":              "latency: 20ms, on:  []",
		"errors: 5%, on: gw":         "errors: 5%, on: gw -> shop, code: 503 []",
		"latency: 20ms, on: nowhere": "latency: 20ms, on: nowhere []",
		"nothing":                    "nothing []",
		"nothing: x":                 "nothing: x []",
	} {
		line, choices := complete(s, typed)
		if got := fmt.Sprint(line, " ", choices); got != want {
			t.Errorf("%q is completed to %q, want %q", typed, got, want)
		}
	}
}

// Keys are told apart whichever way the terminal sends them; those that are no characters do nothing.
func TestDecode(t *testing.T) {
	for sent, want := range map[string]string{
		"iq": `"iq" ""`, "\n\b": `"\r\x7f" ""`, "\x1b[Aq\x1bOP\x1b[1;5Ct": `"qt" ""`, "\x1b": `"\x1b" ""`, "\x1b[": `"" "\x1b["`, "ü\xc3": `"ü" "\xc3"`, "\xff\xffa": `"a" ""`,
	} {
		keys, rest := decode([]byte(sent))
		if got := fmt.Sprintf("%q %q", string(keys), string(rest)); got != want {
			t.Errorf("%q is read as %s, want %s", sent, got, want)
		}
	}
}
