package wire

// HeaderTraceparent is W3C's: which trace a request is of, and which span of it has sent it. Nodes hand it on with a span
// of their own for every attempt; images are free to.
const HeaderTraceparent = "Traceparent"

// Traceparent is what that header says. The zero value is none.
type Traceparent struct {
	// High and Low are the trace's id, Span is the sender's span.
	High, Low, Span uint64
}

// traceparentLength is that of version 00: 00-TRACE-SPAN-FLAGS.
const traceparentLength = 55

// AppendText appends the header's value to b; the trace is sampled.
func (t Traceparent) AppendText(b []byte) ([]byte, error) {
	b = append(b, "00-"...)
	b = appendHex(b, t.High)
	b = appendHex(b, t.Low)
	b = append(b, '-')
	b = appendHex(b, t.Span)
	return append(b, "-01"...), nil
}

// String is the header's value.
func (t Traceparent) String() string {
	var b [traceparentLength]byte
	text, _ := t.AppendText(b[:0]) // it never fails
	return string(text)
}

// ID is the trace's id as tracing systems write it.
func (t Traceparent) ID() string { return string(appendHex(appendHex(nil, t.High), t.Low)) }

// ParseTraceparent reads the header. One of a later version may be longer; false is one that is none.
func ParseTraceparent(s string) (t Traceparent, ok bool) {
	if len(s) < traceparentLength || s[2] != '-' || s[35] != '-' || s[52] != '-' || s[:2] == "ff" ||
		s[:2] == "00" && len(s) != traceparentLength {
		return Traceparent{}, false
	}
	var ok1, ok2, ok3 bool
	t.High, ok1 = number(s[3:19])
	t.Low, ok2 = number(s[19:35])
	t.Span, ok3 = number(s[36:52])
	if !ok1 || !ok2 || !ok3 || t.High|t.Low == 0 || t.Span == 0 {
		return Traceparent{}, false
	}
	return t, true
}

// number reads 16 digits, in small letters.
func number(s string) (n uint64, ok bool) {
	for k := range len(s) {
		switch d := s[k]; {
		case d >= '0' && d <= '9':
			n = n<<4 | uint64(d-'0')
		case d >= 'a' && d <= 'f':
			n = n<<4 | uint64(d-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

const digits = "0123456789abcdef"

func appendHex(b []byte, n uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[n>>shift&15])
	}
	return b
}

// Spans is what GET /spans answers: what an instance knows of the traces that it was asked for.
type Spans struct {
	// Since is from when on it remembers everything, in ns of its clock since 1970: what had ended before may be forgotten.
	Since int64 `json:"since"`
	// Dropped counts the spans that it never had room for.
	Dropped int64  `json:"dropped,omitempty"`
	Spans   []Span `json:"spans"`
}

// The kinds of Span.
const (
	SpanServer  = "server"  // an instance has got a request (a statement)
	SpanAttempt = "attempt" // it has made an attempt at another one
)

// Span is one thing that an instance did for a request.
type Span struct {
	// Trace is the half of the trace's id that it is asked for by, ID the span's own, Parent that of the one that led to it (0: unknown).
	Trace  uint64 `json:"trace"`
	ID     uint64 `json:"id"`
	Parent uint64 `json:"parent,omitempty"`
	Kind   string `json:"kind"`
	// What a server span was asked for: method and path, or what a statement does. To is the instance that an attempt went to.
	What string `json:"what,omitempty"`
	To   string `json:"to,omitempty"`
	// Began, Started and Ended are ns since 1970. Started is when the waiting was over: for a worker, for the leave of a policy and
	// for a connection. 0: it never was. Ended 0: it has not ended yet.
	Began   int64 `json:"began"`
	Started int64 `json:"started,omitempty"`
	Ended   int64 `json:"ended,omitempty"`
	// Status was answered by HTTP; 0: none was.
	Status int `json:"status,omitempty"`
	// Class is how it ended: see SpanOK and its siblings. Why says it in words.
	Class string `json:"class,omitempty"`
	Why   string `json:"why,omitempty"`
	// Number counts the attempts of a call from 1; Hedge: it was made beside another one.
	Number int  `json:"number,omitempty"`
	Hedge  bool `json:"hedge,omitempty"`
}

// The classes of how a span ended.
const (
	SpanOK       = "ok"
	SpanFailed   = "failed"
	SpanDeclined = "declined" // the callee was well and said no
	SpanGaveUp   = "gave up"  // who had asked was gone, or another attempt was faster
	SpanRefused  = "refused"  // a policy did not let it go: it was not sent
	SpanPartial  = "partial"  // a degraded answer
)
