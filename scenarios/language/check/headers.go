package check

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
	"golang.org/x/net/http/httpguts"
)

// notSent is why a load can't have a header of its own: the generator frames requests and keeps connections itself
// (RFC 9110, 7.6.1: what is about one connection is the connection's; RFC 9112, 6: what frames a message).
var notSent = map[string]string{
	"Connection":        "users keep their connections open",
	"Keep-Alive":        "users keep their connections open",
	"Proxy-Connection":  "users keep their connections open",
	"Content-Length":    "it is counted from body",
	"Transfer-Encoding": "a body is sent with its length",
	"Te":                "answers come without trailers",
	"Trailer":           "a body is sent with its length, and without trailers",
	"Upgrade":           "users speak HTTP/1.1 and nothing else",
	"Expect":            "a body is sent at once",
}

// headers checks what a load sends besides its requests: that it can be sent, and is what arrives.
func (v *Checker) headers(headers map[string]string, apiKey, load string, at scenarios.Path) {
	told := at.Key("headers")
	first := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		here, value, canonical := told.Key(name), headers[name], http.CanonicalHeaderKey(name)
		twin, twice := first[canonical]
		first[canonical] = name
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			v.Problem(here, fmt.Sprintf("%s can't be the name of a header", source.QuoteShort(name)),
				"use letters, digits and dashes, as in Accept-Language")
		case twice:
			v.Problem(here, fmt.Sprintf("%s and %s are one header", twin, name), "keep one of them")
		case notSent[canonical] != "":
			v.Problem(here, fmt.Sprintf("%s can't be set: %s", name, notSent[canonical]), "take it away")
		case strings.HasPrefix(canonical, "Squall-"):
			v.Problem(here, name+" can't be set: headers of that beginning are the harness's own", v.ownKey(canonical))
		case canonical == wire.HeaderKey && apiKey != "":
			v.Problem(here, fmt.Sprintf("load %q has both api_key and the header %s", load, name), "keep api_key: it stays out of records")
		case canonical == "Host" && (value == "" || strings.ContainsAny(value, " \t/?#@")):
			v.Problem(here, fmt.Sprintf("%s can't be a host", source.QuoteShort(value)), "write a name, as in shop.example")
		default:
			v.sendable(name, value, here)
		}
	}
	v.sendable("api_key", apiKey, at.Key("api_key"))
}

// sendable checks that a text can be the value of a header.
func (v *Checker) sendable(what, value string, at scenarios.Path) {
	switch {
	case !httpguts.ValidHeaderFieldValue(value):
		v.Problem(at, fmt.Sprintf("%s has a line break or control character in its value, and can't be sent as a header", what),
			"write it in one line")
	case strings.TrimSpace(value) != value:
		v.Problem(at, what+" has blanks around its value, which no header keeps", "take them away")
	}
}

// ownKey is what to write in place of one of the harness's headers.
func (v *Checker) ownKey(canonical string) string {
	switch canonical {
	case wire.HeaderPriority:
		return "write priority: low"
	case wire.HeaderTenant:
		return "write tenant: NAME"
	}
	return "take it away"
}

// match checks what one rule looks for.
func (v *Checker) match(text string, at scenarios.Path) {
	if text == "" {
		return
	}
	if what, fix := grammar.CheckMatch(text, false); what != "" {
		v.Problem(at, what, fix)
	} else if strings.ContainsAny(text, "{?") {
		v.Problem(at, fmt.Sprintf("match %s has a parameter or query in it", source.QuoteShort(text)), "write * for the rest of the path")
	}
}
