package terminal

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/squallhq/squall/runner/record"
)

// screen is a terminal that understands what a live view writes: it keeps what one would see, and notes lines that it had to wrap.
type screen struct {
	width   int
	lines   []string
	row     int
	wrapped []string
}

var codes = regexp.MustCompile(`^\x1b\[([0-9;]*)([AJKm])`)

func (s *screen) Write(p []byte) (int, error) {
	for text := string(p); text != ""; {
		if m := codes.FindStringSubmatch(text); m != nil {
			text = text[len(m[0]):]
			n, _ := strconv.Atoi(m[1])
			switch m[2] {
			case "A":
				s.row -= n
			case "J":
				s.lines = s.lines[:s.row]
			case "K":
				s.lines[s.row] = ""
			}
			continue
		}
		for len(s.lines) <= s.row {
			s.lines = append(s.lines, "")
		}
		switch text[0] {
		case '\r':
			text = text[1:]
			continue
		case '\n':
			s.row++
			text = text[1:]
			continue
		}
		end := strings.IndexAny(text, "\r\n\x1b")
		if end < 0 {
			end = len(text)
		}
		if s.lines[s.row] += text[:end]; twwidth.Width(s.lines[s.row]) > s.width {
			s.wrapped = append(s.wrapped, s.lines[s.row])
		}
		text = text[end:]
	}
	return len(p), nil
}

// at is the status of a made-up run at a second: from the third on its catalogue hangs.
func at(second int) record.Status {
	now := time.Duration(second) * time.Second
	s := record.Status{State: "running", Phase: "steady", Elapsed: now, Total: 12 * time.Second, Rate: 120, Success: 1, Answers: 120, P99: 8 * time.Millisecond}
	scene := record.Scene{Requests: []record.LiveRequest{
		{Load: "users", Request: "GET /catalog/{item}", Sent: 80, OK: 80, P99: 8 * time.Millisecond}, {Load: "users", Request: "POST /orders/{id}", Sent: 40, OK: 40, P99: 9 * time.Millisecond}}}
	if second >= 3 {
		s.Phase, s.Faults = "catalog gone", []string{"outage on catalog"}
		scene.Requests[0] = record.LiveRequest{Load: "users", Request: "GET /catalog/{item}", Sent: 80, OK: 10, Degraded: 5, Failed: 65, P99: 250 * time.Millisecond}
		scene.Edges = []record.LiveEdge{{From: "orders", To: "catalog", Attempts: 40, Failures: 3}, {From: "api", To: "catalog", Attempts: 1200, Failures: 1000, GaveUp: 12}, {From: "api", To: "orders", Attempts: 40}}
		scene.Breakers = []record.LiveBreakers{{Node: "api", Open: 2}}
		scene.Queues = []record.LiveQueue{{From: "jobs", To: "mail", Waiting: 40, Oldest: 4200 * time.Millisecond}}
		scene.Faults = []record.LiveFault{{Text: "outage on catalog", Left: 9*time.Second - now}, {Text: "change on api", Stays: true}}
	}
	s.Look = func() record.Scene { return scene }
	return s
}

// What is seen is the block as it was drawn last, below what was said, and nothing of the blocks before.
func TestLiveBlock(t *testing.T) {
	t.Parallel()
	for _, color := range []bool{false, true} {
		s := &screen{width: 100}
		g := NewProgress(s, true, color, func() (int, int) { return s.width, 40 })
		g.Unfold()
		for second := 1; second <= 6; second++ {
			status := at(second)
			if second == 3 {
				status.Message = "outage on catalog"
			}
			g.Show(status)
		}
		g.Line("a word between")
		want := `· outage on catalog
· a word between
█████░░░░░ 0:06 / 0:12  catalog gone  120/s  100% success  p99 8.0 ms
 REQUEST              rate     ok  degraded  failed         p99  last minute
 GET /catalog/{item}  80/s  12.5%      6.3%   81.2%  max 250 ms  ██▂▂▂▂
 POST /orders/{id}    40/s   100%        0%      0%  max 9.0 ms  ██████
 hot api -> catalog: 1000 failed, 12 given up, 1200 begun; orders -> catalog: 3 failed, 40 begun
 open 2 breakers of api
 queues jobs -> mail: 40 waiting, the oldest for 4.2 s
 faults outage on catalog, 3 s left; change on api, until the end`
		if diff := cmp.Diff(want, strings.Join(s.lines, "\n")); diff != "" {
			t.Errorf("colour %v, the screen (-want +got):\n%s", color, diff)
		}
		g.Show(record.Status{State: "done"})
		if got := strings.TrimRight(strings.Join(s.lines, "\n"), "\n"); got != "· outage on catalog\n· a word between" {
			t.Errorf("colour %v: left behind: %q", color, got)
		}
	}
}

// However narrow and low, no line is broken by the terminal, and the block is never higher than it.
func TestLiveBlockFits(t *testing.T) {
	t.Parallel()
	for width := 10; width < 200; width += 7 {
		for _, height := range []int{2, 5, 24} {
			s := &screen{width: width}
			g := NewProgress(s, true, true, func() (int, int) { return width, height })
			g.Unfold()
			for second := range 5 {
				g.Show(at(second))
				if g.drawn >= height {
					t.Fatalf("%d lines are drawn on %d", g.drawn, height)
				}
			}
			if len(s.wrapped) > 0 {
				t.Errorf("%d columns are too few for %q", width, s.wrapped[0])
			}
			if s.row >= len(s.lines) || s.row+1 != g.drawn {
				t.Errorf("%d x %d: the block stands at line %d and has %d", width, height, s.row, g.drawn)
			}
		}
	}
}

// Where nothing is redrawn, and where a run is over in a second, nobody looks.
func TestNobodyLooksWithoutATerminal(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{false, true} {
		g := NewProgress(&screen{width: 100}, live, false, func() (int, int) { return 100, 24 })
		if !live {
			g.Unfold()
		}
		for second := range 10 {
			s := at(second)
			s.Look = func() record.Scene { t.Fatal("somebody looked"); return record.Scene{} }
			g.Show(s)
		}
	}
}

// A minute is the last sixty seconds; those that nothing was told of are empty.
func TestMinute(t *testing.T) {
	t.Parallel()
	m := minutes{}
	for second := range 100 {
		if second != 97 {
			m.take(record.LiveRequest{OK: int64(second)}, time.Duration(second)*time.Second)
			m.take(record.LiveRequest{OK: int64(second)}, time.Duration(second)*time.Second) // told twice
		}
	}
	one := m[[2]string{}]
	if got := fmt.Sprint(one.good[55:], one.seen); got != "[95 96 0 98 99] 60" {
		t.Errorf("the last seconds: %s", got)
	}
	if got := one.spark(5); got != "▇▇▁▇█" {
		t.Errorf("drawn as %s", got)
	}
}

func BenchmarkLiveBlock(b *testing.B) {
	s := &screen{width: 100}
	g := NewProgress(s, true, true, func() (int, int) { return 100, 40 })
	g.Unfold()
	for i := 0; b.Loop(); i++ {
		g.Show(at(i))
	}
}

func BenchmarkPlainProgress(b *testing.B) {
	s := &screen{width: 100}
	g := NewProgress(s, false, false, nil)
	status := at(3)
	for b.Loop() {
		g.Show(status)
	}
}
