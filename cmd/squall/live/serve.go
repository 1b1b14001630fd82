package live

import (
	"context"
	"crypto/subtle"
	_ "embed" // the page's frame
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/squallhq/squall/report/page"
	"github.com/squallhq/squall/runner/control"
)

var (
	//go:embed frame.html
	frameText string
	//go:embed live.css
	liveStyle string
	//go:embed live.js
	liveScript string
)

// policy lets in what this server has, and nothing else whatever is in it.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// role is what somebody may do.
type role int

const (
	stranger role = iota
	spectator
	actor
)

type roleKey struct{}

func roleOf(r *http.Request) role {
	is, _ := r.Context().Value(roleKey{}).(role)
	return is
}

// routes are for those who have been let in.
func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.front)
	mux.HandleFunc("GET /report", p.report)
	mux.HandleFunc("GET /events", p.events)
	mux.HandleFunc("GET /suggestions", p.suggestions)
	for path, file := range map[string][2]string{
		"page.css": {"text/css", page.Style()}, "live.css": {"text/css", liveStyle},
		"page.js": {"text/javascript", page.Script()}, "live.js": {"text/javascript", liveScript},
	} {
		mux.HandleFunc("GET /"+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", file[0]+"; charset=utf-8")
			_, _ = w.Write([]byte(file[1]))
		})
	}
	verbs := p.o.Control.Routes()
	mux.HandleFunc("GET /v1/status", verbs.ServeHTTP)
	mux.HandleFunc("POST /reach", p.reach)
	mux.HandleFunc("POST /v1/", func(w http.ResponseWriter, r *http.Request) {
		if roleOf(r) != actor {
			refuse(w, http.StatusForbidden, "this link is for looking on")
			return
		}
		verbs.ServeHTTP(w, r)
		p.ask()
	})
	return mux
}

// refuse answers as the control does.
func refuse(w http.ResponseWriter, code int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(control.Done{Error: why})
}

// guarded lets in who has one of the tokens: in the link at first, which makes a cookie of it that no other site's page can send and no script
// read; and no web page of elsewhere.
func (p *Page) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if control.ElsewhereThan(r, p.at.url) {
			refuse(w, http.StatusForbidden, "this page is refused to web pages of elsewhere")
			return
		}
		if given := r.URL.Query().Get("token"); given != "" && r.Method == http.MethodGet && r.URL.Path == "/" {
			p.welcome(w, given)
			return
		}
		is := stranger
		if cookie, err := r.Cookie(p.cookie); err == nil {
			is = p.known(cookie.Value)
		}
		if is == stranger {
			h.Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprintln(w, "Open the link that squall run printed: it has the token of this run.")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), roleKey{}, is)))
	})
}

// known is what a token is good for.
func (p *Page) known(token string) role {
	is := stranger
	for _, one := range []struct {
		token string
		role  role
	}{{p.look, spectator}, {p.act, actor}} {
		if subtle.ConstantTimeCompare([]byte(token), []byte(one.token)) == 1 {
			is = one.role
		}
	}
	return is
}

// welcome makes a cookie of the token in a link. The page then leads on by itself: a browser that came here from another site would not send
// a strict cookie along a redirect.
func (p *Page) welcome(w http.ResponseWriter, token string) {
	if p.known(token) == stranger {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintln(w, "This token is not of the run that is under way: open the link that squall run printed.")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: p.cookie, Value: token, Path: "/", HttpOnly: true, Secure: p.at.secure != nil, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>Squall</title><a href="/">The run</a></html>`))
}

// front is the page itself, or the report of a run that is over.
func (p *Page) front(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	ended := p.shown.over != nil && p.shown.over.report != nil
	p.mu.Unlock()
	if ended {
		http.Redirect(w, r, "/report", http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	verbs := ""
	if roleOf(r) == actor {
		verbs = strings.Join(p.o.Control.Verbs(), " ")
	}
	_, _ = w.Write([]byte(frame(p.o.About, verbs, map[string]string{
		"scenario": p.o.Control.Scenario, "run": p.o.Control.Run, "about": p.o.About, "verbs": verbs, "spectators": p.Spectators(),
	})))
}

// report is the report of a run that is over.
func (p *Page) report(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	how := p.shown.over
	p.mu.Unlock()
	if how == nil || how.report == nil {
		http.Error(w, "there is no report yet", http.StatusNotFound)
		return
	}
	w.Header().Del("Content-Security-Policy") // it has its own
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(how.report)
	p.mu.Lock()
	p.fetched++
	p.mu.Unlock()
}

func (p *Page) suggestions(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(p.suggest())
}

// reach tells what a fault would hit, and does nothing.
func (p *Page) reach(w http.ResponseWriter, r *http.Request) {
	if roleOf(r) != actor {
		refuse(w, http.StatusForbidden, "this link is for looking on")
		return
	}
	var asked control.Asked
	if err := json.NewDecoder(io.LimitReader(r.Body, mostAsked)).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	var answer reaches
	if fault, blast, err := p.o.Control.Reach(r.Context(), asked); err != nil {
		answer.Error = err.Error() // somebody is typing: it is no failure yet
	} else {
		p.mu.Lock()
		attempts := p.o.goesThere(fault, p.shown.crossing)
		p.mu.Unlock()
		answer.tell(blast, attempts)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// reaches is what a fault would hit, or why it is none, for somebody who is yet to put it on. Over tells that it needs a second word.
type reaches struct {
	Hits  string `json:"hits,omitempty"`
	Over  bool   `json:"over,omitempty"`
	Error string `json:"error,omitempty"`
}

// tell says it in a sentence, with how many attempts a second go that way now.
func (r *reaches) tell(blast *control.Blast, attempts float64) {
	if blast == nil {
		return
	}
	r.Hits, r.Over = blast.String(), blast.Over()
	if attempts >= 1 {
		r.Hits += fmt.Sprintf("; %.0f attempts a second go that way now", attempts)
	}
	if r.Over {
		r.Hits += fmt.Sprintf(". That is over the scenario's guard of %.0f%%: Inject asks once more", 100**blast.Guard)
	}
}

// mostAsked bounds what is read of a question.
const mostAsked = 64 << 10

// events tell a viewer what is new, until the run is over or the viewer leaves.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	news, leave, full := p.join()
	if full {
		http.Error(w, "too many look on", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	to := &viewer{page: p, w: w, flush: http.NewResponseController(w)}
	for {
		if to.bring() != nil || to.over {
			return
		}
		if p.o.Control.Seen != nil { // who looks on is there
			p.o.Control.Seen()
		}
		select {
		case <-news:
		case <-r.Context().Done():
			return
		case <-p.ended:
			return
		}
	}
}

// viewer is somebody who looks on, and the numbers of what they have seen.
type viewer struct {
	page         *Page
	w            http.ResponseWriter
	flush        *http.ResponseController
	state, drawn int
	over         bool
}

// bring brings what is new.
func (v *viewer) bring() error {
	var b strings.Builder
	say := func(event string, data []byte) { fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", event, data) }
	v.page.mu.Lock()
	s := &v.page.shown
	if s.number > v.state && s.state != nil {
		v.state = s.number
		say("state", s.state)
	}
	for _, id := range page.LiveParts {
		if one, known := s.parts[id]; known && one.number > v.drawn {
			data, _ := json.Marshal(map[string]string{"id": id, "html": one.html}) // strings always can be
			say("part", data)
		}
	}
	if s.drawn > v.drawn {
		v.drawn = s.drawn
		say("drawn", []byte("{}"))
	}
	if s.over != nil {
		v.over = true
		told := *s.over
		if told.report != nil {
			told.Report = "/report"
			s.toFetch++
		}
		data, _ := json.Marshal(told)
		say("over", data)
	}
	v.page.mu.Unlock()
	if err := v.flush.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	if _, err := v.w.Write([]byte(b.String())); err != nil {
		return err
	}
	return v.flush.Flush()
}
