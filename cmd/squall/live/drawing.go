package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/squallhq/squall/report/page"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// shown is what there is to be seen; everything has a number that grows when it changes.
type shown struct {
	state  []byte
	number int // of the state
	parts  map[string]part
	drawn  int // of the newest part
	// crossing is how much crosses each edge a second now.
	crossing map[string]float64
	over     *over
	toFetch  int // how many were told to fetch the report
}

type part struct {
	html   string
	number int
}

// over is how a run ended, for those who looked on; report is nil where there is none.
type over struct {
	Text   string `json:"text"`
	Report string `json:"report,omitempty"`
	report []byte
}

// state is the run at this moment, for the page's head.
type state struct {
	control.Standing
	Viewers int `json:"viewers"`
}

// The states of a run that takes no orders.
const (
	launching = "launching"
	ending    = "ending"
)

// between is the time from one drawing to the next, and rest how much longer than it took that is at least: drawing is never
// to take the machine from the run.
const (
	between = time.Second
	rest    = 8
)

// drawing brings what is shown up to date once a second while somebody looks on, and at once when that is asked for.
func (p *Page) drawing() {
	drawer := page.NewLive(p.o.outline())
	next := time.Now()
	for {
		if p.viewed() == 0 {
			select {
			case <-p.asked:
			case <-p.ended:
				return
			}
		}
		standing, err := p.o.Control.Hands.Status(context.Background())
		p.stand(standing, err)
		if now := time.Now(); err == nil && !now.Before(next) {
			p.redraw(drawer, standing.Scene)
			next = now.Add(max(between, rest*time.Since(now))).Add(-between / 20)
		}
		timer := time.NewTimer(between)
		select {
		case <-timer.C:
		case <-p.asked:
		case <-p.ended:
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

func (p *Page) viewed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.viewers)
}

// stand takes in how the run stands.
func (p *Page) stand(standing runner.Standing, err error) {
	s := state{Standing: p.o.Control.Told(standing)}
	switch {
	case errors.Is(err, runner.ErrNotYet):
		s.State = launching
	case err != nil:
		s.State = ending
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Viewers = len(p.viewers)
	data, err := json.Marshal(s)
	if err != nil { // plain values always can be
		return
	}
	p.shown.state = data
	p.shown.number++
	p.tell()
}

// outline are the plan's edges as a record has them, with nothing counted.
func (o Options) outline() []record.Edge {
	var out []record.Edge
	for _, e := range o.Edges {
		out = append(out, record.Edge{Name: e.Name, From: e.FromNode, To: e.ToNode, FromInst: e.From, ToInst: e.To})
	}
	return out
}

// redraw takes in what was measured until now.
func (p *Page) redraw(drawer *page.Live, now record.Scene) {
	r, err := p.o.Control.Hands.Record(context.Background())
	if err != nil {
		return // the run has just ended, and says so
	}
	parts, err := drawer.Draw(r, now)
	if err != nil {
		parts = []page.Part{{ID: "events", HTML: "<p class=\"warn\">What was measured until now can't be drawn; the run goes on.</p>"}}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown.crossing = crossing(r)
	for _, one := range parts {
		if was, known := p.shown.parts[one.ID]; known && was.html == one.HTML {
			continue
		}
		p.shown.drawn++
		p.shown.parts[one.ID] = part{one.HTML, p.shown.drawn}
	}
	p.tell()
}

// crossing is how much crossed each edge a second between the last two readings: attempts, or where its caller counts none what the mesh saw.
func crossing(r *record.Result) map[string]float64 {
	out := map[string]float64{}
	n := len(r.Series)
	if n < 2 || r.Series[n-1].AtS <= r.Series[n-2].AtS {
		return out
	}
	for name, c := range r.Series[n-1].Edges {
		out[name] = float64(max(c.Attempts, c.Requests)) / (r.Series[n-1].AtS - r.Series[n-2].AtS)
	}
	return out
}

// drawn is a run's report, with a note above it.
func drawn(r *record.Result, note string) ([]byte, error) {
	var b bytes.Buffer
	if err := page.Noted(&b, r, note); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
