package spell

import "strings"

// markdownEscapes are what means something in Markdown, in HTML within it, or to GitHub and GitLab (@ calls people, # and ! name
// issues): a name in a scenario is text. In a table | ends a cell and a newline the row.
var markdownEscapes = strings.NewReplacer(
	"\\", "\\\\", "|", "\\|", "`", "\\`", "*", "\\*", "_", "\\_", "~", "\\~", "[", "\\[", "]", "\\]", "$", "\\$",
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "&#64;", "#", "&#35;", "!", "&#33;", "\r\n", "<br>", "\n", "<br>", "\r", "<br>")

// InMarkdown is text that reads as itself in Markdown.
func InMarkdown(text string) string { return markdownEscapes.Replace(text) }
