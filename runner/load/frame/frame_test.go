package frame_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/results"
	"github.com/squallhq/squall/runner/record"
)

// heard is what a decoder tells, and what an encoder was told, as values.
type heard struct {
	what     string
	s        record.Sample
	hit      uint64
	x        results.Exchange
	exchange bool
}

type listener struct{ all []heard }

func (l *listener) Sent(s record.Sample, hit uint64) {
	l.all = append(l.all, heard{what: "sent", s: s, hit: hit})
}
func (l *listener) Done(s record.Sample, hit uint64, x results.Exchange, exchange bool) {
	l.all = append(l.all, heard{"done", s, hit, x, exchange})
}
func (l *listener) Forget(s record.Sample, hit uint64) {
	l.all = append(l.all, heard{what: "forget", s: s, hit: hit})
}
func (l *listener) Unsent(s record.Sample) {
	l.all = append(l.all, heard{what: "unsent", s: s})
}

// anyEvents is a sequence of events as a generator has them: requests of several loads that end in another order than they began.
type anyEvents struct {
	rng   *rand.Rand
	under []heard
	hits  map[string]uint64
	want  []heard
}

func (a *anyEvents) text(of ...string) string { return of[a.rng.IntN(len(of))] }

func (a *anyEvents) event(e *frame.Encoder) {
	load := a.text("users", "bots", "ünïcode", "")
	s := record.Sample{
		Load: load, Request: a.text("GET /", "POST /orders/{id}", strings.Repeat("long ", 100)), Seq: a.rng.Uint64() >> 8,
		Intended: time.Duration(a.rng.Int64N(1e12) - 1e11), Outcome: record.Failed,
	}
	switch a.rng.IntN(5) {
	case 0:
		s.Unsent, s.Error = true, a.text(record.ErrUnsent, record.ErrCanceled)
		e.Unsent(s)
		a.want = append(a.want, heard{what: "unsent", s: s})
	case 1, 2:
		s.Sent = s.Intended + time.Duration(a.rng.Int64N(1e9)-1e3)
		one := heard{what: "sent", s: s, hit: a.hits[load]}
		a.hits[load]++
		e.Sent(s, one.hit)
		a.want, a.under = append(a.want, one), append(a.under, one)
	default:
		a.end(e)
	}
}

// end ends one of those that are under way.
func (a *anyEvents) end(e *frame.Encoder) {
	if len(a.under) == 0 {
		return
	}
	at := a.rng.IntN(len(a.under))
	one := a.under[at]
	a.under = append(a.under[:at], a.under[at+1:]...)
	if a.rng.IntN(10) == 0 {
		e.Forget(one.s.Load, one.hit)
		one.what = "forget"
		a.want = append(a.want, one)
		return
	}
	one.what, one.s.Done = "done", one.s.Sent+time.Duration(a.rng.Int64N(1e11))
	one.s.Outcome = []record.Outcome{record.OK, record.Degraded, record.Failed}[a.rng.IntN(3)]
	one.s.Error, one.s.Status, one.s.Stale = a.text("", "503", "check: json $.id"), a.rng.IntN(600), a.rng.IntN(2) == 0
	for range a.rng.IntN(3) {
		one.s.Wrote = append(one.s.Wrote, a.text("db/1", "db/2"))
	}
	if a.rng.IntN(2) == 0 {
		one.s.Write = &record.SampleWrite{ID: a.text("", "id"), Key: "k", Outcome: record.Unknown, Attempts: a.rng.IntN(4), Read: record.ReadStale}
	}
	if one.exchange = a.rng.IntN(2) == 0; one.exchange {
		one.x = results.Exchange{Method: "GET", URL: "http://web/" + a.text("a", "b", strings.Repeat("u", 300)), Status: 200, BytesOut: a.rng.Int64N(1e6), BytesIn: a.rng.Int64N(1e9)}
	}
	e.Done(one.s, one.hit, one.x, one.exchange)
	a.want = append(a.want, one)
}

// Whatever happens to whatever requests arrives as it was told, in its order; what had not ended is known.
func TestEventsArrive(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		a := &anyEvents{rng: rand.New(rand.NewPCG(seed, 1)), hits: map[string]uint64{}}
		e, d, got := frame.NewEncoder(), frame.NewDecoder(), &listener{}
		var spare []byte
		for n := range 400 {
			a.event(e)
			if a.rng.IntN(20) > 0 {
				continue
			}
			payload := e.Take(time.Duration(n), spare)
			if at, err := d.Read(payload, got); err != nil || at != time.Duration(n) {
				t.Fatalf("seed %d: read at %d: %v", seed, at, err)
			}
			spare = payload
		}
		if _, err := d.Read(e.Take(0, nil), got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.all, a.want) {
			t.Fatalf("seed %d (-want +got):\n%s", seed, cmp.Diff(a.want, got.all, cmp.AllowUnexported(heard{})))
		}
		open := map[string]int{}
		d.Open(func(s record.Sample) { open[s.Load]++ })
		for _, one := range a.under {
			open[one.s.Load]--
		}
		for load, n := range open {
			if n != 0 {
				t.Errorf("seed %d: of %q %+d more are under way", seed, load, n)
			}
		}
	}
}

// What is cut or changed on the way is refused or read as something else, and never takes the reader down.
func TestBrokenEvents(t *testing.T) {
	t.Parallel()
	a := &anyEvents{rng: rand.New(rand.NewPCG(7, 1)), hits: map[string]uint64{}}
	e := frame.NewEncoder()
	for range 40 {
		a.event(e)
	}
	whole := e.Take(0, nil)
	for n := range whole {
		_, _ = frame.NewDecoder().Read(whole[:n], &listener{})
		changed := bytes.Clone(whole)
		changed[n] ^= byte(1 + a.rng.IntN(255))
		_, _ = frame.NewDecoder().Read(changed, &listener{})
	}
	for _, wrong := range [][]byte{nil, make([]byte, 7), append(make([]byte, 8), 99), append(make([]byte, 8), 2, 1)} {
		if _, err := frame.NewDecoder().Read(wrong, &listener{}); err == nil {
			t.Errorf("% x is read", wrong)
		}
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	var wire bytes.Buffer
	big := bytes.Repeat([]byte("x"), 3<<20)
	for kind, payload := range map[frame.Kind][]byte{frame.Order: big, frame.Ready: {}} {
		wire.Reset()
		if err := frame.Write(&wire, kind, payload); err != nil {
			t.Fatal(err)
		}
		whole := bytes.Clone(wire.Bytes())
		gotKind, got, err := frame.Read(bufio.NewReader(&wire))
		if err != nil || gotKind != kind || !bytes.Equal(got, payload) {
			t.Errorf("kind %d is read as %d: %v", kind, gotKind, err)
		}
		for _, n := range []int{1, 4, len(whole) - 1} {
			if _, _, err := frame.Read(bufio.NewReader(bytes.NewReader(whole[:n]))); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d of %d bytes: %v", n, len(whole), err)
			}
		}
	}
	if err := frame.Write(io.Discard, frame.Events, make([]byte, frame.Most+1)); err == nil {
		t.Error("a frame that nobody reads is written")
	}
	long := append([]byte{0xff, 0xff, 0xff, 0xff, byte(frame.Events)}, make([]byte, 10)...)
	if _, _, err := frame.Read(bufio.NewReader(bytes.NewReader(long))); err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("4 GB are waited for: %v", err)
	}
	if _, _, err := frame.Read(bufio.NewReader(bytes.NewReader(nil))); !errors.Is(err, io.EOF) {
		t.Errorf("an end between frames is %v", err)
	}
}

// Who has another version is told so with both, and who is nobody of ours too.
func TestHellos(t *testing.T) {
	t.Parallel()
	ours := frame.Hello{Version: frame.Version, Squall: "v1"}
	read := func(line string) error {
		_, err := frame.ReadHello(bufio.NewReader(strings.NewReader(line)), ours)
		return err
	}
	var line bytes.Buffer
	if err := frame.WriteHello(&line, ours); err != nil || read(line.String()) != nil {
		t.Error("the same version is refused")
	}
	later := frame.Hello{Version: frame.Version + 1, Squall: "v2"}
	line.Reset()
	_ = frame.WriteHello(&line, later)
	var mismatch *frame.Mismatch
	if err := read(line.String()); !errors.As(err, &mismatch) || !strings.Contains(err.Error(), "version 2 of what load generators are told (squall v2), this one version 1 (squall v1)") {
		t.Errorf("%v", err)
	}
	for _, wrong := range []string{"", "{", "HTTP/1.1 400 Bad Request\r\n", "{}\n", strings.Repeat("x", 1<<20)} {
		if read(wrong) == nil {
			t.Errorf("%.40q is a hello", wrong)
		}
	}
}

// Figures cross as they are, and a clock that is ahead says so.
func TestMessages(t *testing.T) {
	t.Parallel()
	cpu := time.Second
	want := frame.End{Figures: figures.Figures{Lag: figures.Histogram{{Top: 3, Count: 4}}, CPU: &cpu, Closed: []figures.Closed{{Load: "a", Waits: []figures.Wait{{Request: "b"}}}}}, Error: "no", Interrupted: true}
	var got frame.End
	if err := frame.Decode(frame.Encode(want), &got); err != nil || !reflect.DeepEqual(want, got) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	if err := frame.Decode(frame.Encode(frame.Question{Number: 1}), &got); err == nil {
		t.Error("a question is read as an end")
	}
	c := frame.NewClock(time.Hour)
	now := time.Now()
	if off := time.Duration(c.Of(now)) - time.Duration(now.UnixNano()) - time.Hour; off.Abs() > time.Minute {
		t.Errorf("a clock that is an hour ahead is %s more", off)
	}
	if back := c.Time(c.Of(now)); !back.Equal(now) {
		t.Errorf("%s comes back as %s", now, back)
	}
}

// What an event of a request costs to tell and to hear: bytes and time.
func BenchmarkEvents(b *testing.B) {
	e, d := frame.NewEncoder(), frame.NewDecoder()
	var bytes, n int64
	var spare []byte
	hear := deaf{}
	var telling, hearing time.Duration
	for b.Loop() {
		const each = 1000
		begun := time.Now()
		for range each {
			at := time.Duration(n) * 100 * time.Microsecond
			s := record.Sample{Load: "users", Request: "GET /", Seq: uint64(n), Intended: at, Sent: at + 60*time.Microsecond, Done: at + 900*time.Microsecond + time.Duration(n%97), Outcome: record.OK, Status: 200}
			e.Sent(s, uint64(n))
			e.Done(s, uint64(n), results.Exchange{Method: "GET", URL: "http://web/", Status: 200, BytesIn: 12}, true)
			n++
		}
		payload := e.Take(0, spare)
		told := time.Now()
		if _, err := d.Read(payload, hear); err != nil {
			b.Fatal(err)
		}
		hearing += time.Since(told)
		telling += told.Sub(begun)
		bytes += int64(len(payload))
		spare = payload
	}
	b.ReportMetric(float64(bytes)/float64(n), "B/request")
	b.ReportMetric(float64(telling.Nanoseconds())/float64(n), "ns-telling/request")
	b.ReportMetric(float64(hearing.Nanoseconds())/float64(n), "ns-hearing/request")
}

type deaf struct{}

func (deaf) Sent(record.Sample, uint64)                         {}
func (deaf) Done(record.Sample, uint64, results.Exchange, bool) {}
func (deaf) Forget(record.Sample, uint64)                       {}
func (deaf) Unsent(record.Sample)                               {}

// What a generator tells in a second, by its rate: at a low one the frames that say that it is there are most of it.
func BenchmarkFrames(b *testing.B) {
	for _, rate := range []int{10, 100, 1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("%d requests a second", rate), func(b *testing.B) {
			const every = 20 * time.Millisecond // as package worker has it
			var wire, n, seconds int64
			for b.Loop() {
				e := frame.NewEncoder()
				var told time.Duration
				for at := time.Duration(0); at < 10*time.Second; at += every {
					for due := seconds*int64(rate) + int64(at+every)*int64(rate)/int64(time.Second); n < due; n++ {
						begun := time.Duration(n) * time.Second / time.Duration(rate)
						s := record.Sample{Load: "users", Request: "GET /", Seq: uint64(n), Intended: begun, Sent: begun + 60*time.Microsecond, Done: begun + 900*time.Microsecond + time.Duration(n%97), Outcome: record.OK, Status: 200}
						e.Sent(s, uint64(n))
						e.Done(s, uint64(n), results.Exchange{Method: "GET", URL: "http://web/", Status: 200, BytesIn: 12}, true)
					}
					if e.Len() == 0 && at-told < frame.Beat {
						continue
					}
					wire, told = wire+int64(len(frame.Append(nil, frame.Events, e.Take(at, nil)))), at
				}
				seconds += 10
			}
			b.ReportMetric(float64(wire)/float64(seconds), "B/s")
			b.ReportMetric(float64(wire)/float64(n), "B/request")
		})
	}
}
