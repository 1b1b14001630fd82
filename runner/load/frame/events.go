package frame

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/squallhq/squall/runner/load/cursor"
	"github.com/squallhq/squall/runner/load/results"
	"github.com/squallhq/squall/runner/record"
)

// What an event may be.
const (
	defines = iota + 1 // the next text of the dictionary
	sends              // a request is about to be sent
	does               // what became of it
	forgets            // it was not sent after all
	unsends            // one that was intended and not sent
)

// Flags of does.
const (
	stale = 1 << iota
	wrote
	writes
	exchanged
)

// The dictionary: texts that come again have a number from 1. What finds no room in it is written out each time, after a 0.
const mostTexts = 4096

// Encoder writes events of one drive: all numbers as differences from the last of the same load, which takes some 25 bytes for a
// request that was sent and answered. It is not safe for concurrent use.
type Encoder struct {
	texts map[string]uint64
	loads map[string]*last
	b     []byte
}

// last is what a load's events were last.
type last struct{ seq, intended, sent, done int64 }

// NewEncoder begins with no text known.
func NewEncoder() *Encoder {
	return &Encoder{texts: map[string]uint64{}, loads: map[string]*last{}, b: make([]byte, stamp)}
}

// stamp is how long the time is with which a payload begins: that of the drive when it was taken.
const stamp = 8

// Len is how much is written that was not taken.
func (e *Encoder) Len() int { return len(e.b) - stamp }

// Take gives away what was written as the payload of a frame, at a time of the drive, and goes on in the bytes of old.
func (e *Encoder) Take(at time.Duration, old []byte) []byte {
	b := e.b
	binary.BigEndian.PutUint64(b, uint64(at))
	e.b = append(old[:0], make([]byte, stamp)...)
	return b
}

func (e *Encoder) uvarint(n uint64) { e.b = binary.AppendUvarint(e.b, n) }
func (e *Encoder) varint(n int64)   { e.b = binary.AppendVarint(e.b, n) }

func (e *Encoder) raw(s string) {
	e.uvarint(uint64(len(s)))
	e.b = append(e.b, s...)
}

// know has the dictionary have a text, if there is room.
func (e *Encoder) know(s string) {
	if _, known := e.texts[s]; known || len(e.texts) == mostTexts || len(s) > 256 {
		return
	}
	e.texts[s] = uint64(len(e.texts)) + 1
	e.b = append(e.b, defines)
	e.raw(s)
}

func (e *Encoder) text(s string) {
	n := e.texts[s]
	e.uvarint(n)
	if n == 0 {
		e.raw(s)
	}
}

func (e *Encoder) of(load string) *last {
	l := e.loads[load]
	if l == nil {
		l = &last{}
		e.loads[load] = l
	}
	return l
}

func (e *Encoder) change(was *int64, is int64) {
	e.varint(is - *was)
	*was = is
}

// Sent tells that a request is about to be sent.
func (e *Encoder) Sent(s record.Sample, hit uint64) {
	e.know(s.Load)
	e.know(s.Request)
	l := e.of(s.Load)
	e.b = append(e.b, sends)
	e.text(s.Load)
	e.text(s.Request)
	e.change(&l.seq, int64(s.Seq))
	e.change(&l.intended, int64(s.Intended))
	e.varint(int64(s.Sent - s.Intended))
	e.change(&l.sent, int64(hit))
}

// Forget takes back what Sent told.
func (e *Encoder) Forget(load string, hit uint64) {
	e.know(load)
	e.b = append(e.b, forgets)
	e.text(load)
	e.change(&e.of(load).done, int64(hit))
}

// Done tells what became of a request. exchange: what was on the wire is told too.
func (e *Encoder) Done(s record.Sample, hit uint64, x results.Exchange, exchange bool) {
	for _, text := range []string{s.Load, s.Error} {
		e.know(text)
	}
	flags := byte(0)
	if s.Stale {
		flags |= stale
	}
	if len(s.Wrote) > 0 {
		flags |= wrote
	}
	if s.Write != nil {
		flags |= writes
	}
	if exchange {
		flags |= exchanged
		e.know(x.Method)
		e.know(x.URL)
	}
	e.b = append(e.b, does)
	e.text(s.Load)
	e.change(&e.of(s.Load).done, int64(hit))
	e.varint(int64(s.Done - s.Sent))
	e.b = append(e.b, outcomeByte(s.Outcome), flags)
	e.text(s.Error)
	e.uvarint(uint64(s.Status))
	if flags&wrote != 0 {
		e.uvarint(uint64(len(s.Wrote)))
		for _, w := range s.Wrote {
			e.raw(w)
		}
	}
	if w := s.Write; w != nil {
		e.raw(w.ID)
		e.raw(w.Key)
		e.raw(string(w.Outcome))
		e.raw(w.Read)
		e.uvarint(uint64(w.Attempts))
	}
	if exchange {
		e.text(x.Method)
		e.text(x.URL)
		e.uvarint(uint64(x.Status))
		e.varint(x.BytesOut)
		e.varint(x.BytesIn)
	}
}

// Unsent tells of a request that was intended and not sent.
func (e *Encoder) Unsent(s record.Sample) {
	for _, text := range []string{s.Load, s.Request, s.Error} {
		e.know(text)
	}
	l := e.of(s.Load)
	e.b = append(e.b, unsends)
	e.text(s.Load)
	e.text(s.Request)
	e.change(&l.seq, int64(s.Seq))
	e.change(&l.intended, int64(s.Intended))
	e.text(s.Error)
}

var outcomes = [...]record.Outcome{record.OK, record.Degraded, record.Failed}

func outcomeByte(o record.Outcome) byte {
	for i, one := range outcomes {
		if one == o {
			return byte(i)
		}
	}
	return byte(len(outcomes) - 1)
}

// Listener takes events as they are read. hit numbers the load's requests that were sent, from 0.
type Listener interface {
	Sent(s record.Sample, hit uint64)
	Done(s record.Sample, hit uint64, x results.Exchange, exchange bool)
	Forget(s record.Sample, hit uint64)
	Unsent(s record.Sample)
}

// Decoder reads what one Encoder wrote. It keeps what was sent and has not ended yet: Open says what that is.
type Decoder struct {
	cursor.Cursor
	texts []string
	loads map[string]*open
}

// open is a load with what was last and what is under way, by hit.
type open struct {
	last
	under map[uint64]record.Sample
}

// NewDecoder begins with no text known.
func NewDecoder() *Decoder { return &Decoder{loads: map[string]*open{}} }

var errEvents = errors.New("events are broken")

// Read reads a frame's payload and returns its time.
func (d *Decoder) Read(payload []byte, to Listener) (at time.Duration, err error) {
	if len(payload) < stamp {
		return 0, errEvents
	}
	at = time.Duration(binary.BigEndian.Uint64(payload))
	for d.Left = payload[stamp:]; len(d.Left) > 0 && d.Err == nil; {
		d.event(to)
	}
	if d.Err != nil {
		return at, errEvents
	}
	return at, nil
}

// Open gives every request that was sent and of whose end nothing was told.
func (d *Decoder) Open(yield func(s record.Sample)) {
	for _, o := range d.loads {
		for _, s := range o.under {
			yield(s)
		}
	}
}

func (d *Decoder) event(to Listener) {
	switch d.Byte() {
	case defines:
		d.texts = append(d.texts, d.Text())
		if len(d.texts) > mostTexts {
			d.Break()
		}
	case sends:
		s, o := d.named()
		d.change(&o.seq)
		d.change(&o.intended)
		s.Seq, s.Intended = uint64(o.seq), time.Duration(o.intended)
		s.Sent, s.Outcome = s.Intended+time.Duration(d.Varint()), record.Failed
		d.change(&o.sent)
		if hit := uint64(o.sent); d.Err == nil {
			o.under[hit] = s
			to.Sent(s, hit)
		}
	case forgets:
		if s, hit := d.ended(); d.Err == nil {
			to.Forget(s, hit)
		}
	case does:
		d.done(to)
	case unsends:
		s, o := d.named()
		d.change(&o.seq)
		d.change(&o.intended)
		s.Seq, s.Intended = uint64(o.seq), time.Duration(o.intended)
		s.Outcome, s.Error, s.Unsent = record.Failed, d.text(), true
		if d.Err == nil {
			to.Unsent(s)
		}
	default:
		d.Break()
	}
}

func (d *Decoder) named() (record.Sample, *open) {
	s := record.Sample{Load: d.text(), Request: d.text()}
	return s, d.of(s.Load)
}

func (d *Decoder) of(load string) *open {
	o := d.loads[load]
	if o == nil {
		o = &open{under: map[uint64]record.Sample{}}
		d.loads[load] = o
	}
	return o
}

// ended is a request that is under way no more.
func (d *Decoder) ended() (record.Sample, uint64) {
	o := d.of(d.text())
	d.change(&o.done)
	hit := uint64(o.done)
	s, is := o.under[hit]
	if !is {
		d.Break()
	}
	delete(o.under, hit)
	return s, hit
}

func (d *Decoder) done(to Listener) {
	s, hit := d.ended()
	s.Done = s.Sent + time.Duration(d.Varint())
	outcome, flags := d.Byte(), d.Byte()
	s.Outcome, s.Stale = outcomes[min(int(outcome), len(outcomes)-1)], flags&stale != 0
	s.Error, s.Status = d.text(), int(d.Uvarint())
	if flags&wrote != 0 {
		n := d.Uvarint()
		if n > uint64(len(d.Left)) {
			d.Break()
		}
		for range n {
			if d.Err != nil {
				return
			}
			s.Wrote = append(s.Wrote, d.Text())
		}
	}
	if flags&writes != 0 {
		s.Write = &record.SampleWrite{ID: d.Text(), Key: d.Text(), Outcome: record.WriteOutcome(d.Text()), Read: d.Text(), Attempts: int(d.Uvarint())}
	}
	var x results.Exchange
	if flags&exchanged != 0 {
		x = results.Exchange{Method: d.text(), URL: d.text(), Status: int(d.Uvarint()), BytesOut: d.Varint(), BytesIn: d.Varint()}
	}
	if d.Err == nil {
		to.Done(s, hit, x, flags&exchanged != 0)
	}
}

func (d *Decoder) change(was *int64) { *was += d.Varint() }

func (d *Decoder) text() string {
	n := d.Uvarint()
	switch {
	case d.Err != nil:
		return ""
	case n == 0:
		return d.Text()
	case n > uint64(len(d.texts)):
		d.Break()
		return ""
	}
	return d.texts[n-1]
}
