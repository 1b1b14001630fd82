// Package frame is what crosses the connection between a conductor and one load generator: a hello each way, then frames, each its length, its
// kind and what it says. It sends no load and conducts no run.
//
// The conductor sends Order (what to drive), Begin (when), then what changes while it goes on (Way, Notices, Over), Stop, and Ping at any time.
// The generator answers Ready or Refused, each Ping with a Pong, and sends Events as requests are sent and answered, several a frame, LookedUp
// where it looked a name up as a notice says, and Ended when the last is told. A connection may carry one drive after another. Whoever comes to the end of what it reads takes the other for gone.
//
// Both sides are to be the same version of the protocol; hellos say it in a form that every version reads, so that who has another is told so in
// words. Orders besides have the shape of their types in front (see order.Encode).
package frame

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Version of the protocol. It grows with every change of a frame.
const Version = 1

// Kind of a frame.
type Kind byte

// The kinds.
const (
	Order Kind = iota + 1
	Begin
	Way
	Notices
	Over
	Stop
	Ping
	Ready
	Refused
	Pong
	Events
	Ended
	LookedUp
)

// MostOrder and Most bound a frame: an order has the scenario's data, files and recordings in it.
const (
	MostOrder = 1 << 30
	Most      = 64 << 20
)

// Hello is what each side says first, as one line of JSON.
type Hello struct {
	Version int    `json:"squall_load"`
	Squall  string `json:"squall"`
	// Token is what the conductor shows where the connection could be anybody's; the generator shows none.
	Token string `json:"token,omitempty"`
}

const mostHello = 4 << 10

// WriteHello says hello.
func WriteHello(w io.Writer, h Hello) error {
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// Mismatch is another version at the other end.
type Mismatch struct{ Ours, Theirs Hello }

func (m *Mismatch) Error() string {
	return fmt.Sprintf("the other end speaks version %d of what load generators are told (squall %s), this one version %d (squall %s): use the same squall on both",
		m.Theirs.Version, m.Theirs.Squall, m.Ours.Version, m.Ours.Squall)
}

// ReadHello reads the other's, and says whether the two understand each other.
func ReadHello(r *bufio.Reader, ours Hello) (Hello, error) {
	var line []byte
	for len(line) == 0 || line[len(line)-1] != '\n' {
		b, err := r.ReadByte()
		if err != nil {
			return Hello{}, fmt.Errorf("read the other end's hello: %w", err)
		}
		if line = append(line, b); len(line) > mostHello {
			return Hello{}, errNoHello
		}
	}
	var theirs Hello
	if json.Unmarshal(line, &theirs) != nil || theirs.Version == 0 {
		return Hello{}, errNoHello
	}
	if theirs.Version != ours.Version {
		return theirs, &Mismatch{ours, theirs}
	}
	return theirs, nil
}

var errNoHello = errors.New("the other end is no load generator of squall, nor its conductor: it does not say hello as they do")

// header is a frame's length and kind.
const header = 5

// Append appends a frame to b.
func Append(b []byte, kind Kind, payload []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	return append(append(b, byte(kind)), payload...)
}

// Write writes a frame in one call.
func Write(w io.Writer, kind Kind, payload []byte) error {
	if len(payload) > most(kind) {
		return fmt.Errorf("a frame of %d bytes is longer than %d", len(payload), most(kind))
	}
	_, err := w.Write(Append(make([]byte, 0, header+len(payload)), kind, payload))
	return err
}

// Read reads the next frame. io.EOF is an end between two frames.
func Read(r *bufio.Reader) (Kind, []byte, error) {
	var head [header]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n, kind := binary.BigEndian.Uint32(head[:]), Kind(head[4])
	if uint64(n) > uint64(most(kind)) {
		return 0, nil, fmt.Errorf("a frame of %d bytes is longer than %d", n, most(kind))
	}
	payload, err := readAll(r, int(n))
	return kind, payload, err
}

// readAll takes memory as bytes come, and not for what is only promised.
func readAll(r io.Reader, n int) ([]byte, error) {
	const step = 1 << 20
	b := make([]byte, 0, min(n, step))
	for len(b) < n {
		from := len(b)
		b = append(b, make([]byte, min(n-from, max(step, from)))...)
		if _, err := io.ReadFull(r, b[from:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return b, nil
}

func most(k Kind) int {
	if k == Order {
		return MostOrder
	}
	return Most
}
