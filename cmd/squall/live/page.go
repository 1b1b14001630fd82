// Package live is the page of a run that goes on: the report's own drawing of what was measured until now, and what people can do to the run, on a
// loopback address. Who has its link may act, who has that for spectators may look.
package live

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// Door is what the record calls this way in.
const Door = "page"

// Options are what a page shows.
type Options struct {
	// Control is the run's: its Door is this one's.
	Control control.Options
	// Where it is served.
	Where Where
	// About is the scenario's own sentence.
	About string
	// Edges of the plan.
	Edges []topology.Edge
	// Nodes are what faults can be put on, beside the edges.
	Nodes []string
	// Loads are those that have a rate, which can be changed.
	Loads []string
}

// Page is served until it is closed.
type Page struct {
	o      Options
	at     *listening
	url    string
	cookie string
	server *http.Server
	// act and look are the tokens of those who may act, and of spectators.
	act, look string

	mu      sync.Mutex
	viewers map[chan struct{}]bool // each is told that there is something new
	shown   shown
	fetched int // reports, since the run is over
	asked   chan struct{}
	ended   chan struct{}
	end     func()
	suggest func() Suggestions
}

// The bounds of what a page waits for.
const (
	headerTime = 5 * time.Second
	writeTime  = 10 * time.Second
	// fetchTime is how long the end of a run waits for its viewers to fetch the report.
	fetchTime   = 5 * time.Second
	mostViewers = 50
)

// Serve serves a run's page.
func Serve(o Options) (*Page, error) {
	at, err := o.Where.listen(o.Control.Run)
	if err != nil {
		return nil, err
	}
	o.Control.Door = Door
	p := &Page{
		o: o, at: at, url: at.url.String(), cookie: "squall-" + at.url.Port(),
		act: token(), look: token(), viewers: map[chan struct{}]bool{}, asked: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	p.shown.parts = map[string]part{}
	p.end = sync.OnceFunc(func() { close(p.ended) })
	p.suggest = sync.OnceValue(p.o.Suggestions)
	p.server = &http.Server{Handler: p.guarded(p.routes()), ReadHeaderTimeout: headerTime, TLSConfig: at.secure, ErrorLog: log.New(io.Discard, "", 0)} // of handshakes that strangers begin
	if at.secure != nil {
		go func() { _ = p.server.ServeTLS(at, "", "") }() // until it is closed
	} else {
		go func() { _ = p.server.Serve(at) }()
	}
	go p.drawing()
	return p, nil
}

func token() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// Link is for those who may act. A nil page, which shows nothing, has none.
func (p *Page) Link() string {
	if p == nil {
		return ""
	}
	return p.url + "/?token=" + p.act
}

// Fingerprint is the SHA-256 of the certificate that was made for it, for people to compare; "" where none was.
func (p *Page) Fingerprint() string { return p.at.sum }

// Spectators is the link for those who only look on; "" of a nil page.
func (p *Page) Spectators() string {
	if p == nil {
		return ""
	}
	return p.url + "/?token=" + p.look
}

// Over tells everybody that the run is over, and shows its report; note says where that is kept.
func (p *Page) Over(r *record.Result, note string) error {
	if p == nil {
		return nil
	}
	report, err := drawn(r, note)
	if err != nil {
		return err
	}
	p.over(over{Text: note, report: report})
	return nil
}

// Failed tells everybody that the run is over without a report, and why.
func (p *Page) Failed(why error) {
	if p != nil {
		p.over(over{Text: why.Error()})
	}
}

func (p *Page) over(how over) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown.over == nil {
		p.shown.over = &how
		p.tell()
	}
}

// Close ends the page, once everybody who looks on has fetched the report, or had the time to.
func (p *Page) Close() {
	if p == nil {
		return
	}
	for deadline := time.Now().Add(fetchTime); p.waits() && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	p.end()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // the report may be on its way still
	defer cancel()
	if p.server.Shutdown(ctx) != nil {
		_ = p.server.Close()
	}
}

// waits tells that somebody is yet to fetch the report.
func (p *Page) waits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown.over != nil && p.shown.over.report != nil && (len(p.viewers) > 0 || p.fetched < p.shown.toFetch)
}

// join takes a viewer in, who is told of news; leave lets go of it.
func (p *Page) join() (news chan struct{}, leave func(), full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.viewers) >= mostViewers {
		return nil, nil, true
	}
	news = make(chan struct{}, 1)
	p.viewers[news] = true
	p.ask()
	return news, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.viewers, news)
	}, false
}

// tell wakes everybody who looks on.
func (p *Page) tell() {
	for news := range p.viewers {
		select {
		case news <- struct{}{}:
		default: // it is to look already
		}
	}
}

// ask wants what is shown to be brought up to date at once.
func (p *Page) ask() {
	select {
	case p.asked <- struct{}{}:
	default:
	}
}
