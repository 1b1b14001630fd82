package cdn

import (
	"net/http"
	"slices"
	"strings"
)

// varyOf are the names of the request headers that an answer was chosen by (RFC 9110, 12.5.5), sorted, each once.
func varyOf(h http.Header) []string {
	var names []string
	for _, line := range h.Values("Vary") {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, http.CanonicalHeaderKey(name))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// variantOf is what a request says in those headers. Two requests say the same where each has the same values, apart from
// blanks and from how they are split into lines, or neither has the header (RFC 9111, 4.1).
func variantOf(vary []string, h http.Header) string {
	var b strings.Builder
	for _, name := range vary {
		b.WriteString(name)
		if values := h.Values(name); len(values) > 0 {
			b.WriteByte(':')
			for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
				b.WriteString(strings.TrimSpace(part))
				b.WriteByte(',')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
