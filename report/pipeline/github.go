package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// A workflow command is one line: its message must not hold one's end, and a property none of what divides properties.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// GitHub writes findings as the commands that make GitHub show them at their lines, worst first, Most of them and a line that says how many
// more there are. root is the checkout's folder, dir the one that files are named from.
func GitHub(w io.Writer, root, dir string, findings []Finding) error {
	b := bufio.NewWriter(w)
	for _, f := range findings[:min(Most, len(findings))] {
		level := "error"
		if f.Severity == Untold {
			level = "warning"
		}
		var properties []string
		say := func(name, value string) {
			properties = append(properties, name+"="+githubProperty.Replace(value))
		}
		if f.File != "" {
			say("file", within(root, dir, f.File))
			if f.Line > 0 {
				say("line", fmt.Sprint(f.Line))
			}
			if f.Line > 0 && f.Column > 0 {
				say("col", fmt.Sprint(f.Column))
			}
		}
		say("title", f.Title)
		fmt.Fprintf(b, "::%s %s::%s\n", level, strings.Join(properties, ","), githubData.Replace(f.Message))
	}
	if more := len(findings) - Most; more > 0 {
		fmt.Fprintf(b, "::notice title=squall::%d more, less bad: see the report\n", more)
	}
	return b.Flush()
}
