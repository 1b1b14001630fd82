package terminal

import "github.com/squallhq/squall/runner/record"

// paint colours text where colour is on. The colours carry no meaning that the words do not.
type paint bool

func (p paint) code(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string   { return p.code("1", s) }
func (p paint) faint(s string) string  { return p.code("2", s) }
func (p paint) red(s string) string    { return p.code("31", s) }
func (p paint) green(s string) string  { return p.code("32", s) }
func (p paint) yellow(s string) string { return p.code("33", s) }

// badge is the verdict as the first word of a report.
func (p paint) badge(v record.Verdict) string {
	switch v {
	case record.Pass:
		return p.code("1;30;42", " PASS ")
	case record.Fail:
		return p.code("1;37;41", " FAIL ")
	}
	return p.code("1;30;43", " INCONCLUSIVE ")
}
