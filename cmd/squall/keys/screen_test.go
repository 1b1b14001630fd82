//go:build linux

package keys

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/squallhq/squall/internal/headless"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
)

// screen is what a terminal shows of what was written to it: as much of its language as squall writes, and an error for all else.
type screen struct {
	width    int
	lines    [][]cell
	row, col int
	style    string
	err      error
}

type cell struct {
	text  rune
	style string
}

// sequence is one that begins with ESC [.
var sequence = regexp.MustCompile(`^\x1b\[([0-9;]*)([A-Za-z])`)

func (s *screen) write(text string) {
	for text != "" && s.err == nil {
		if found := sequence.FindStringSubmatch(text); found != nil {
			s.control(found[1], found[2])
			text = text[len(found[0]):]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch {
		case r == '\r':
			s.col = 0
		case r == '\n':
			s.row++
		case r < ' ':
			s.err = fmt.Errorf("%q is not known", r)
		default:
			s.put(r)
		}
	}
}

func (s *screen) put(r rune) {
	if s.col == s.width {
		s.row, s.col = s.row+1, 0
	}
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, nil)
	}
	for len(s.lines[s.row]) <= s.col {
		s.lines[s.row] = append(s.lines[s.row], cell{text: ' '})
	}
	s.lines[s.row][s.col] = cell{r, s.style}
	s.col++
}

func (s *screen) control(arguments, what string) {
	n, _ := strconv.Atoi(arguments)
	switch {
	case what == "A":
		s.row = max(s.row-max(n, 1), 0)
	case what == "J" && n == 0:
		s.lines = s.lines[:min(len(s.lines), s.row+1)]
		s.cut(s.col)
	case what == "K" && n == 2:
		s.cut(0)
	case what == "m" && (n == 0 || arguments == ""):
		s.style = ""
	case what == "m":
		s.style = arguments
	default:
		s.err = fmt.Errorf("ESC [ %s %s is not known", arguments, what)
	}
}

// cut takes away what stands in the line from a column on.
func (s *screen) cut(from int) {
	if s.row < len(s.lines) && from < len(s.lines[s.row]) {
		s.lines[s.row] = s.lines[s.row][:from]
	}
}

// text are its lines, without what was painted.
func (s *screen) text() []string {
	out := make([]string, len(s.lines))
	for i, line := range s.lines {
		var b strings.Builder
		for _, c := range line {
			b.WriteRune(c.text)
		}
		out[i] = strings.TrimRight(b.String(), " ")
	}
	return out
}

// page is it as a page of a browser, in the colours of a dark terminal.
func (s *screen) page() string {
	var b strings.Builder
	b.WriteString(`<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#14181d}pre{margin:0;padding:14px 18px;display:inline-block;color:#d6dde4;
font:13px/1.38 "DejaVu Sans Mono",monospace}.s1{font-weight:700}.s2{color:#84919e}.s31{color:#ff7b72}.s32{color:#56d364}.s33{color:#e3b341}</style><pre>`)
	for _, line := range s.lines {
		for i, c := range line {
			if i == 0 || c.style != line[i-1].style {
				fmt.Fprintf(&b, `<span class="%s">`, classes(c.style))
			}
			b.WriteString(html.EscapeString(string(c.text)))
			if i == len(line)-1 || c.style != line[i+1].style {
				b.WriteString("</span>")
			}
		}
		b.WriteString("\n")
	}
	return b.String() + "</pre>"
}

func classes(style string) string {
	if style == "" {
		return ""
	}
	return "s" + strings.ReplaceAll(style, ";", " s")
}

// screenOf is what the terminal shows now.
func (s *sitting) screen() *screen {
	out := &screen{width: wide}
	out.write(s.all())
	return out
}

// Whoever sits at a run's terminal sees, however much was drawn over by then: what was done, once each; one live block with what is on and how long
// yet; and below it what they type, with its choices. Nothing is wider than the terminal. Where SQUALL_PICTURES names a folder its picture is made.
func TestTheScreen(t *testing.T) {
	s := sit(t, squallbin.Path(t), "run", filepath.Join(examples(t), "quickstart.yaml"), "--engine", "process", "--out", "out", "--set",
		"phases=[{name: steady, for: 6s}, {name: catalog gone, for: 60s, faults: [{outage: catalog}]}, {name: recovery, for: 8s}]",
		"--set", "expect=null")
	s.sees(`catalog gone[^$]*i inject  c clear`)
	s.types("tthe pager rang\r")
	s.sees("noted: the pager rang\r\n")
	s.types("ilatency: 200ms, on: orders -> shop-db\r")
	s.sees(`act 1: latency 200ms on orders -> shop-db is on`)
	s.sees(`latency 200ms on orders -> shop-db[^$]* left`)
	s.types("ierr\t\t")
	s.sees(`inject \(Tab completes\): errors: [^\r]*, on: `)
	var shown *screen
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		shown = s.screen()
		if shown.err != nil {
			t.Fatal(shown.err)
		}
		all := strings.Join(shown.text(), "\n")
		if strings.Contains(all, " hot ") && regexp.MustCompile(`orders -> shop-db \(by [^)]*, keys\), \d+ s left`).MatchString(all) && strings.Contains(all, "shop-db  catalog  orders  api  edge") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it shows\n%s", all)
		}
	}
	lines := shown.text()
	all := strings.Join(lines, "\n")
	for _, once := range []string{"· noted: the pager rang", "· act 1: latency 200ms on orders -> shop-db is on until", "inject (Tab completes): "} {
		if n := strings.Count(all, once); n != 1 {
			t.Errorf("%q stands there %d times:\n%s", once, n, all)
		}
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "inject (Tab completes): errors: ") {
		t.Errorf("the last line is %q", last)
	}
	for _, line := range lines {
		if n := len([]rune(line)); n > wide {
			t.Errorf("%d wide: %s", n, line)
		}
	}
	pictured(t, shown)
	s.types("\x1bqy")
	s.ends(report.ExitInterrupted)
}

// examples is the folder of the examples.
func examples(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../../examples")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// pictured keeps a picture of what is shown, where that is asked for.
func pictured(t *testing.T, shown *screen) {
	t.Helper()
	if os.Getenv("SQUALL_PICTURES") == "" {
		return // no browser is needed
	}
	file := filepath.Join(t.TempDir(), "screen.html")
	if err := os.WriteFile(file, []byte(shown.page()), 0o600); err != nil {
		t.Fatal(err)
	}
	b := headless.Open(t, "file://"+file)
	size := headless.JS[[]float64](t, b, `(r => [Math.ceil(r.width), Math.ceil(r.height)])(document.querySelector("pre").getBoundingClientRect())`)
	if err := chromedp.Do(b, chromedp.EmulateViewport(int64(size[0]), int64(size[1]))); err != nil {
		t.Fatal(err)
	}
	headless.Picture(t, b, "terminal")
}
