package control

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// Options are what a control controls.
type Options struct {
	Run, Scenario string
	// Dir is the run's folder.
	Dir   string
	Hands *runner.Hands
	// Door is what the record calls the way in; "" is squall ctl.
	Door string
	// Page and Spectators are as in Address.
	Page, Spectators string
	// Read makes a fault that a person typed one of this run: beside those that are on, for as long as it says, or else as lasts says.
	Read func(text string, lasts time.Duration, on []faults.Fault) (topology.ResolvedFault, error)
	// Seen is told of each order and question; nil: nobody is.
	Seen func()
	// Plan that runs, by which a control says what a fault would reach; nil: it doesn't.
	Plan *topology.Plan
	// Metrics answers scrapes of the run. nil: there are none.
	Metrics http.Handler
}

// bounds of what a control waits for, and reads.
const (
	headerTime = 5 * time.Second
	askTime    = 90 * time.Second
	mostBody   = 64 << 10
	mostText   = 4 << 10
)

// Serve answers on a loopback address of its own, which it writes into the run's folder for its owner alone, until close is called, which
// removes that.
func Serve(o Options) (close func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the run's control: %w", err)
	}
	token := make([]byte, 24)
	_, _ = rand.Read(token) // never fails
	address := Address{URL: "http://" + listener.Addr().String(), Token: hex.EncodeToString(token), PID: os.Getpid(), Page: o.Page, Spectators: o.Spectators}
	data, err := json.Marshal(address)
	if err == nil {
		err = os.WriteFile(filepath.Join(o.Dir, File), append(data, '\n'), 0o600)
	}
	if err == nil && o.Metrics != nil {
		err = writeScrape(o.Dir, o.Run, listener.Addr().String(), address.Token)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write the run's control: %w", err), listener.Close(), o.forget())
	}
	server := &http.Server{Handler: guarded(address, o.Routes()), ReadHeaderTimeout: headerTime, IdleTimeout: askTime}
	go func() { _ = server.Serve(listener) }() // until it is closed
	return func() error {
		return errors.Join(server.Close(), o.forget())
	}, nil
}

// forget removes the files that say where the control answers.
func (o Options) forget() error {
	var errs []error
	for _, name := range []string{File, ScrapeFile, AddressesFile} {
		if err := os.Remove(filepath.Join(o.Dir, name)); err != nil && !os.IsNotExist(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// verb is something that people may ask for.
type verb func(context.Context, runner.By, Asked) (Done, error)

// verbs are all of them by their names.
func (o Options) verbs() map[string]verb {
	return map[string]verb{
		"inject": o.inject, "clear": o.clear, "note": o.note, "abort": o.abort,
		"hold": o.hold, "go": steering(o.Hands.Go), "next": steering(o.Hands.Next), "skip": steering(o.Hands.Skip),
		"load": o.load, "mark": o.mark, "alert": o.alert,
	}
}

// Verbs are the names of what people may ask for, sorted: POST /v1/VERB.
func (o Options) Verbs() []string { return slices.Sorted(maps.Keys(o.verbs())) }

// Routes answer the control's verbs, for whoever has been let in.
func (o Options) Routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		o.seen()
		standing, err := o.Hands.Status(r.Context())
		if err != nil {
			answer(w, status(err), Done{Error: err.Error()})
			return
		}
		answer(w, http.StatusOK, o.Told(standing))
	})
	if o.Metrics != nil {
		mux.Handle("GET /metrics", o.Metrics)
	}
	for verb, do := range o.verbs() {
		mux.HandleFunc("POST /v1/"+verb, func(w http.ResponseWriter, r *http.Request) {
			o.seen()
			var asked Asked
			decoder := json.NewDecoder(io.LimitReader(r.Body, mostBody))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&asked); err != nil {
				answer(w, http.StatusBadRequest, Done{Error: "read the request: " + err.Error()})
				return
			}
			as := o
			if as.Door == "" && r.UserAgent() != agent {
				as.Door = HTTPDoor
			}
			done, err := as.asked(r.Context(), do, asked)
			if err != nil {
				done.Error = err.Error()
				answer(w, status(err), done)
				return
			}
			answer(w, http.StatusOK, done)
		})
	}
	return mux
}

// Do carries out what somebody of this process asks for, as it does what comes by HTTP; verb is one of Verbs. A fault that is refused for what it
// reaches comes back with that.
func (o Options) Do(ctx context.Context, verb string, asked Asked) (Done, error) {
	o.seen()
	do, is := o.verbs()[verb]
	if !is {
		return Done{}, fmt.Errorf("there is no verb %q; there are %s", verb, strings.Join(o.Verbs(), ", "))
	}
	return o.asked(ctx, do, asked)
}

func (o Options) asked(ctx context.Context, do verb, asked Asked) (Done, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return do(ctx, runner.By{Who: oneLine(asked.Who), Door: cmp.Or(o.Door, Door)}, asked)
}

func (o Options) inject(ctx context.Context, by runner.By, asked Asked) (Done, error) {
	fault, reaches, err := o.Reach(ctx, asked)
	switch {
	case err != nil:
		return Done{}, err
	case asked.DryRun:
		return Done{Blast: reaches}, nil
	case reaches.Over() && !asked.Yes:
		return Done{Blast: reaches}, fmt.Errorf("it %s; the scenario's guard is %s: say yes to it (squall ctl inject --yes) to put it on all the same", reaches, percent(*reaches.Guard))
	}
	fault.Words = oneLine(asked.Fault)
	put, err := o.Hands.Inject(ctx, by, fault)
	if err != nil {
		return Done{}, err
	}
	return Done{On: new(told(put)), Blast: reaches}, nil
}

// lasts is how long what was asked for is to last.
func (a Asked) lasts(unless time.Duration) (time.Duration, error) {
	if a.For == "" {
		return unless, nil
	}
	d, err := time.ParseDuration(a.For)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("for is %q: give a time above zero, as in 30s", a.For)
	}
	return d, nil
}

func (o Options) hold(ctx context.Context, by runner.By, asked Asked) (Done, error) {
	lasts, err := asked.lasts(runner.DefaultHold)
	if err != nil {
		return Done{}, err
	}
	held, err := o.Hands.Hold(ctx, by, lasts)
	if err != nil {
		return Done{}, err
	}
	return Done{Phase: held.Phase, UntilS: new(record.Seconds(held.Until))}, nil
}

func (o Options) load(ctx context.Context, by runner.By, asked Asked) (Done, error) {
	load, pace, err := paceOf(asked.Load)
	if err != nil {
		return Done{}, err
	}
	loads, err := o.Hands.Pace(ctx, by, load, pace)
	return Done{Loads: loads}, err
}

// paceOf reads what a load's rate is to be: x2, shoppers=x2 or shoppers=300/s.
func paceOf(text string) (load string, pace course.Pace, err error) {
	load, rate, named := strings.Cut(strings.TrimSpace(text), "=")
	if !named {
		load, rate = "", load
	}
	refused := fmt.Errorf("load is %q: give x2, or shoppers=x2, or shoppers=300/s; x1 is the plan's again", text)
	if times, is := strings.CutPrefix(rate, "x"); is {
		pace.Times, err = strconv.ParseFloat(times, 64)
		switch {
		case err != nil || !(pace.Times > 0) || named && load == "":
			return "", pace, refused
		case pace.Times > mostTimes:
			return "", pace, fmt.Errorf("load is %q: x%d is the most", text, mostTimes)
		}
		return load, pace, nil
	}
	number, is := strings.CutSuffix(rate, "/s")
	pace.Rate, err = strconv.ParseFloat(number, 64)
	if err != nil || !is || !(pace.Rate >= 0) || load == "" {
		return "", pace, refused
	}
	return load, pace, nil
}

// mostTimes is how many times its rate a load may be asked to send.
const mostTimes = 1000

// steering is a verb that changes the run's course, and takes nothing but who asks.
func steering(do func(context.Context, runner.By) (runner.Steered, error)) func(context.Context, runner.By, Asked) (Done, error) {
	return func(ctx context.Context, by runner.By, _ Asked) (Done, error) {
		done, err := do(ctx, by)
		return Done{Phase: done.Phase}, err
	}
}

func (o Options) clear(ctx context.Context, by runner.By, asked Asked) (Done, error) {
	off, err := o.Hands.Clear(ctx, by, asked.Act)
	return Done{Off: off}, err
}

func (o Options) note(ctx context.Context, by runner.By, asked Asked) (Done, error) {
	text := oneLine(asked.Text)
	if text == "" {
		return Done{}, errors.New("a note says something: give its text")
	}
	return Done{}, o.Hands.Note(ctx, by, text)
}

func (o Options) mark(ctx context.Context, by runner.By, asked Asked) (Done, error) {
	name := oneLine(asked.Text)
	if name == "" {
		return Done{}, errors.New("a mark has a name: give its text")
	}
	return Done{}, o.Hands.Mark(ctx, by, name)
}

func (o Options) abort(ctx context.Context, by runner.By, asked Asked) (Done, error) {
	return Done{}, o.Hands.Abort(ctx, by, oneLine(asked.Text))
}

// oneLine is a text without its line breaks, and no more of it than a record has room for.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + "..."
	}
	return text
}

// status is that of a refusal: a run that takes no orders now may take them later, or took them before.
func status(err error) int {
	if errors.Is(err, runner.ErrNotYet) || errors.Is(err, runner.ErrOver) {
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

func answer(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value)
}

// Elsewhere tells that a request is of a web page of elsewhere: a browser says where a request comes from, and a name that leads to
// this address by rebinding is no loopback address.
func Elsewhere(r *http.Request) bool { return ElsewhereThan(r, &url.URL{Scheme: "http"}) }

// ElsewhereThan is Elsewhere of what is served at an address: beside that, names of loopback lead to it where it is served there.
func ElsewhereThan(r *http.Request, at *url.URL) bool {
	loopback := func(host string) bool {
		ip := net.ParseIP(host)
		return host == "localhost" || ip != nil && ip.IsLoopback()
	}
	host, own := (&url.URL{Host: r.Host}).Hostname(), at.Hostname()
	known := own != "" && strings.EqualFold(r.Host, at.Host) || (own == "" || loopback(own)) && loopback(host)
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	return !known || origin != "" && origin != at.Scheme+"://"+r.Host ||
		r.Method != http.MethodGet && site != "" && site != "same-origin" && site != "none"
}

// guarded lets in only who has the token, and no web page of elsewhere.
func guarded(address Address, next http.Handler) http.Handler {
	want := []byte("Bearer " + address.Token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case Elsewhere(r):
			answer(w, http.StatusForbidden, Done{Error: "control is refused to web pages of elsewhere"})
		case subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1:
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, Done{Error: "the token is missing or wrong: it is in the run's folder, in " + File})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// told is what is on as it is told.
func told(on runner.On) On {
	out := On{
		Act: on.Act, Who: on.By.Who, Door: on.By.Door, What: on.Fault.Fault.Kind.String(), Target: on.Fault.Fault.On.String(),
		Hits: []string{}, SinceS: record.Seconds(on.Since), UntilS: record.Seconds(on.Until),
	}
	for _, p := range on.Fault.Primitives {
		if hit := p.Edge + p.Instance; len(out.Hits) == 0 || out.Hits[len(out.Hits)-1] != hit {
			out.Hits = append(out.Hits, hit)
		}
	}
	return out
}

// Told is the run as it is told.
func (o Options) Told(s runner.Standing) Standing {
	out := Standing{
		Run: o.Run, Scenario: o.Scenario, State: s.State, Phase: s.Phase, Next: s.Next, Held: s.Held, Waits: s.Waits, ElapsedS: record.Seconds(s.Elapsed), TotalS: record.Seconds(s.Total),
		Phases: []Phase{}, On: []On{}, Paces: []Paced{}, Coming: []Coming{}, Requests: []Request{}, Edges: []Edge{}, Queues: []Queue{}, Breakers: []Breaker{},
	}
	for _, p := range s.Phases {
		out.Phases = append(out.Phases, Phase{p.Name, record.Seconds(p.Start), record.Seconds(p.End)})
	}
	if s.Held {
		out.HeldUntilS = new(record.Seconds(s.HeldUntil))
	}
	for _, on := range s.On {
		out.On = append(out.On, told(on))
	}
	for _, p := range s.Paces {
		out.Paces = append(out.Paces, Paced{p.Load, p.Pace, p.By.Who, p.By.Door, record.Seconds(p.Since)})
	}
	for _, c := range s.Coming {
		out.Coming = append(out.Coming, Coming{c.Text, record.Seconds(c.At)})
	}
	for _, r := range s.Scene.Requests {
		out.Requests = append(out.Requests, Request{r.Load, r.Request, r.Sent, r.OK, r.Degraded, r.Failed, record.Milliseconds(r.P99)})
	}
	for _, e := range s.Scene.Edges {
		out.Edges = append(out.Edges, Edge(e))
	}
	for _, q := range s.Scene.Queues {
		out.Queues = append(out.Queues, Queue{q.From, q.To, q.Waiting, record.Seconds(q.Oldest)})
	}
	for _, b := range s.Scene.Breakers {
		out.Breakers = append(out.Breakers, Breaker(b))
	}
	return out
}
