package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// Progress shows a run while it goes on: on a terminal a line, or a block of them, redrawn in place, plain lines elsewhere.
// Its methods may be called concurrently.
type Progress struct {
	mu    sync.Mutex
	w     io.Writer
	live  bool
	block bool // more than a line
	paint
	size func() (width, height int)
	// drawn is how many lines stand there to be redrawn, last is what they say.
	drawn int
	last  string
	// foot is what stands below them.
	foot []string
	// plainEvery is how often a plain line is written within a phase.
	plainEvery time.Duration
	nextPlain  time.Duration
	phase      string
	minutes    minutes
}

// NewProgress writes to w; live redraws one line in place (terminals only), size is the terminal's, asked anew for each drawing.
func NewProgress(w io.Writer, live, color bool, size func() (width, height int)) *Progress {
	return &Progress{w: w, live: live, paint: paint(color), size: size, plainEvery: 5 * time.Second, minutes: minutes{}}
}

// Unfold has a run that takes its time be shown in a block of lines, where it is redrawn in place.
func (g *Progress) Unfold() { g.block = true }

// Show takes the run's status.
func (g *Progress) Show(s record.Status) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.Message != "" {
		g.line(s.Message)
	}
	if s.State == "done" {
		g.clear()
		g.last, g.foot = "", nil // what is said from now on has nothing below it
		return
	}
	if g.live {
		g.redraw(s)
		return
	}
	if s.Phase != g.phase {
		g.phase, g.nextPlain = s.Phase, s.Elapsed
	}
	if (s.State == "running" || s.State == stateHeld) && s.Elapsed >= g.nextPlain && s.Rate > 0 {
		g.nextPlain = s.Elapsed + g.plainEvery
		fmt.Fprintln(g.w, "  "+g.describe(s))
	}
}

// Foot has lines stand below the live ones, each cut to the terminal's width, until it is called again or the run is done; where nothing is
// redrawn in place they are not shown.
func (g *Progress) Foot(lines ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.live {
		return
	}
	g.clear()
	g.foot = lines
	if g.last != "" {
		g.draw()
	}
}

// Line writes one line above the live one.
func (g *Progress) Line(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.line(text)
}

func (g *Progress) line(text string) {
	g.clear()
	fmt.Fprintln(g.w, g.faint("· ")+text)
	if g.live && g.last != "" {
		g.draw()
	}
}

// clear takes what is drawn away and leaves the cursor where it began.
func (g *Progress) clear() {
	if g.drawn > 1 {
		fmt.Fprintf(g.w, "\r\x1b[%dA\x1b[J", g.drawn-1)
	} else if g.drawn == 1 {
		fmt.Fprint(g.w, "\r\x1b[2K")
	}
	g.drawn = 0
}

func (g *Progress) redraw(s record.Status) {
	g.clear()
	width, height := g.size()
	lines := []string{fit(g.bar(s)+" "+g.describe(s), width)}
	if g.block && s.Look != nil && s.State != "launching" && s.State != "tearing down" {
		lines = append(lines, g.scene(s, s.Look(), width, height-2-len(g.foot))...)
	}
	g.last = strings.Join(lines, "\n")
	g.draw()
}

func (g *Progress) draw() {
	text := g.last
	for _, line := range g.foot {
		width, _ := g.size()
		text += "\n" + fit(line, width)
	}
	fmt.Fprint(g.w, text)
	g.drawn = 1 + strings.Count(text, "\n")
}

// stateHeld is that of a run whose phase somebody holds.
const stateHeld = "held"

func (g *Progress) describe(s record.Status) string {
	if s.State != "running" && s.State != "warming up" && s.State != "recovering" && s.State != stateHeld {
		return s.State
	}
	phase := s.Phase
	switch {
	case phase == "":
		phase = s.State
	case s.State == stateHeld:
		phase += " (held)"
	}
	parts := []string{fmt.Sprintf("%s / %s", clock(s.Elapsed), clock(s.Total)), phase}
	if s.Rate > 0 {
		parts = append(parts, fmt.Sprintf("%.0f/s", s.Rate), spell.Percent(s.Success)+" success")
		if s.Answers > 0 {
			parts = append(parts, tail(s.Answers)+" "+spell.Milliseconds(record.Milliseconds(s.P99)))
		}
	}
	if len(s.Faults) > 0 && (!g.live || !g.block) {
		parts = append(parts, "faults: "+strings.Join(s.Faults, ", "))
	}
	return strings.Join(parts, "  ")
}

// tail names the 99th percentile of so many answers: that of few is the slowest of them by another name.
func tail(answers int64) string {
	if answers < metric.P99.Facts().Needs() {
		return "slowest"
	}
	return "p99"
}

// bar is ten cells of progress.
func (g *Progress) bar(s record.Status) string {
	const cells = 10
	done := 0
	if s.Total > 0 {
		done = int(max(0, min(int64(cells), int64(s.Elapsed)*cells/int64(s.Total))))
	}
	return strings.Repeat("█", done) + strings.Repeat("░", cells-done)
}

func clock(d time.Duration) string {
	if d < 0 {
		return "-" + clock(-d)
	}
	d = d.Truncate(time.Second)
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// fit cuts a line to the width, so that a live line never wraps and stays one line.
func fit(s string, width int) string {
	if width > 1 && twwidth.Width(s) >= width {
		head, _ := cut(s, width-2)
		return head + "…"
	}
	return s
}
