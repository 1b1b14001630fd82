package source

import (
	"bytes"
	"fmt"
	"regexp"
)

var yamlVersion = regexp.MustCompile(`^%YAML[ \t]+([0-9]+\.[0-9]+)[ \t]*(#.*)?\r?\n?$`)

// directives looks at the lines before the document. The YAML library takes a directive of version 1.1 alone, though it
// reads most of 1.2, with or without one: so 1.2 is read as 1.1, every position as it was. Other versions are refused.
func (r *reader) directives(data []byte) (text []byte, known bool) {
	offset, number := 0, 0
	for line := range bytes.Lines(data) {
		number++
		rest := bytes.TrimPrefix(line, []byte("\ufeff"))
		trimmed := bytes.TrimSpace(rest)
		if len(trimmed) > 0 && trimmed[0] != '#' && rest[0] != '%' {
			break // the document, or ---
		}
		if v := yamlVersion.FindSubmatchIndex(rest); v != nil {
			switch version := string(rest[v[2]:v[3]]); version {
			case "1.1":
			case "1.2":
				data = bytes.Clone(data)
				data[offset+len(line)-len(rest)+v[3]-1] = '1'
			default:
				r.problem(number, 1, fmt.Sprintf("YAML %s is not known here", Shorten(version)), "write %YAML 1.2, or leave the line out")
				return nil, false
			}
		}
		offset += len(line)
	}
	return data, true
}
