package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// Progress shows a run while it goes on: one live line on a terminal, plain lines elsewhere.
// Its methods may be called concurrently.
type Progress struct {
	mu    sync.Mutex
	w     io.Writer
	live  bool
	p     paint
	width func() int
	drawn bool
	last  string
	// plainEvery is how often a plain line is written within a phase.
	plainEvery time.Duration
	nextPlain  time.Duration
	phase      string
}

// NewProgress writes to w; live redraws one line in place (terminals only), width is the
// terminal's, asked anew for each line.
func NewProgress(w io.Writer, live, color bool, width func() int) *Progress {
	return &Progress{w: w, live: live, p: paint(color), width: width, plainEvery: 5 * time.Second}
}

// Show takes the run's status.
func (g *Progress) Show(s record.Status) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.Message != "" {
		g.line(s.Message)
	}
	if s.State == "done" {
		g.clear()
		return
	}
	if g.live {
		g.redraw(s)
		return
	}
	if s.Phase != g.phase {
		g.phase, g.nextPlain = s.Phase, s.Elapsed
	}
	if s.State == "running" && s.Elapsed >= g.nextPlain && s.Rate > 0 {
		g.nextPlain = s.Elapsed + g.plainEvery
		fmt.Fprintln(g.w, "  "+g.describe(s))
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
	fmt.Fprintln(g.w, g.p.faint("· ")+text)
	if g.live && g.last != "" {
		fmt.Fprint(g.w, g.last)
		g.drawn = true
	}
}

func (g *Progress) clear() {
	if g.drawn {
		fmt.Fprint(g.w, "\r\x1b[2K")
		g.drawn = false
	}
}

func (g *Progress) redraw(s record.Status) {
	g.clear()
	g.last = fit(g.bar(s)+" "+g.describe(s), g.width())
	fmt.Fprint(g.w, g.last)
	g.drawn = true
}

func (g *Progress) describe(s record.Status) string {
	if s.State != "running" && s.State != "warming up" && s.State != "recovering" {
		return s.State
	}
	phase := s.Phase
	if phase == "" {
		phase = s.State
	}
	parts := []string{fmt.Sprintf("%s / %s", clock(s.Elapsed), clock(s.Total)), phase}
	if s.Rate > 0 {
		parts = append(parts, fmt.Sprintf("%.0f/s", s.Rate), spell.Percent(s.Success)+" success", "p99 "+spell.Milliseconds(float64(s.P99)/float64(time.Millisecond)))
	}
	if len(s.Faults) > 0 {
		parts = append(parts, "faults: "+strings.Join(s.Faults, ", "))
	}
	return strings.Join(parts, "  ")
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
	runes := []rune(s)
	if width > 1 && len(runes) >= width {
		return string(runes[:width-2]) + "…"
	}
	return s
}
