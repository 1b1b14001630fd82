package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/wire"
)

// head is what we need of an answer's head.
type head struct {
	status   int
	length   int64
	chunked  bool
	untilEOF bool // the body ends with the connection
	close    bool
	degraded bool
	wrote    []string
	position string
	stale    bool
	meant    bool // a redirect that the scenario declares
	// all are all fields, where they are asked for; nil: they are not.
	all http.Header
}

// mostHead bounds a head's bytes, mostInterim the 1xx answers before the real one.
const (
	mostHead    = 1 << 20
	mostInterim = 16
)

// readHead reads status line and headers, past any interim (1xx) answers.
func readHead(r *bufio.Reader, keep bool) (head, error) {
	for range mostInterim {
		h, err := readOneHead(r, keep)
		if err != nil || h.status >= 200 {
			return h, err
		}
		if h.status == 101 {
			break
		}
	}
	return head{}, fmt.Errorf("interim answers: %w", errProtocol)
}

func readOneHead(r *bufio.Reader, keep bool) (head, error) {
	line, err := readLine(r)
	if err != nil {
		return head{}, err
	}
	h := head{length: -1}
	if keep {
		h.all = http.Header{}
	}
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' || (len(line) > 12 && line[12] != ' ') {
		return head{}, fmt.Errorf("status line %.40q: %w", line, errProtocol)
	}
	old := line[7] == '0' // HTTP/1.0 closes unless it says otherwise, and knows no chunks
	h.close = old
	if h.status, err = strconv.Atoi(string(line[9:12])); err != nil || h.status < 100 {
		return head{}, fmt.Errorf("status line %.40q: %w", line, errProtocol)
	}
	for read := 0; ; {
		line, err := readLine(r)
		if err != nil {
			return head{}, unexpected(err)
		}
		if len(line) == 0 {
			break
		}
		if read += len(line); read > mostHead {
			return head{}, fmt.Errorf("head longer than %d bytes: %w", mostHead, errProtocol)
		}
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			return head{}, fmt.Errorf("header %.40q: %w", line, errProtocol)
		}
		if err := h.field(name, bytes.TrimSpace(value)); err != nil {
			return head{}, err
		}
		if keep {
			h.all.Add(string(name), string(bytes.TrimSpace(value)))
		}
	}
	h.chunked = h.chunked && !old
	h.frame()
	return h, nil
}

// field takes in one header.
func (h *head) field(name, value []byte) error {
	switch {
	case is(name, "Content-Length"):
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 || (h.length >= 0 && h.length != n) {
			return fmt.Errorf("content length %.40q: %w", value, errProtocol)
		}
		h.length = n
	case is(name, "Transfer-Encoding"):
		if !is(value, "chunked") {
			return fmt.Errorf("transfer encoding %.40q: %w", value, errProtocol)
		}
		h.chunked = true
	case is(name, "Connection"):
		if hasToken(value, "close") {
			h.close = true
		} else if hasToken(value, "keep-alive") {
			h.close = false
		}
	case is(name, wire.HeaderDegraded):
		h.degraded = len(value) > 0
	case is(name, wire.HeaderPosition):
		h.position = string(value)
	case is(name, wire.HeaderStale):
		h.stale = len(value) > 0
	case is(name, wire.HeaderRedirect):
		h.meant = len(value) > 0
	case is(name, wire.HeaderWrote):
		for w := range strings.SplitSeq(string(value), ",") {
			if w = strings.TrimSpace(w); w != "" {
				h.wrote = append(h.wrote, w)
			}
		}
	}
	return nil
}

// frame settles how the body ends (RFC 9112, 6.3).
func (h *head) frame() {
	switch {
	case h.status == 204 || h.status == 304 || h.status < 200:
		h.length, h.chunked = 0, false
	case h.chunked:
		h.length = -1
	case h.length < 0:
		h.untilEOF, h.close = true, true
	}
}

func is(got []byte, want string) bool {
	return len(got) == len(want) && strings.EqualFold(string(got), want)
}

func hasToken(value []byte, token string) bool {
	for t := range bytes.SplitSeq(value, []byte{','}) {
		if is(bytes.TrimSpace(t), token) {
			return true
		}
	}
	return false
}

// readLine reads a line without its end. Lines longer than the reader's buffer are put together.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		long := bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(long) <= mostHead {
			line, err = r.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
	}
	if err != nil {
		if len(line) > 0 {
			err = unexpected(err)
		}
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'}), nil
}

// readBody reads the body whole, and says how long it was.
func readBody(to io.Writer, r *bufio.Reader, h head, most int64) (int64, error) {
	switch {
	case h.chunked:
		n, err := io.Copy(to, io.LimitReader(httputil.NewChunkedReader(r), most+1))
		if err != nil {
			return n, unexpected(err)
		}
		if n > most {
			return n, errTooLong
		}
		for { // trailers
			line, err := readLine(r)
			if err != nil {
				return n, unexpected(err)
			}
			if len(line) == 0 {
				return n, nil
			}
		}
	case h.untilEOF:
		n, err := io.Copy(to, io.LimitReader(r, most+1))
		if err == nil && n > most {
			err = errTooLong
		}
		return n, err
	case h.length > most:
		return 0, errTooLong
	}
	if to != io.Discard {
		n, err := io.CopyN(to, r, h.length)
		return n, unexpected(err)
	}
	n, err := discard(r, h.length)
	return n, unexpected(err)
}

func discard(r *bufio.Reader, n int64) (read int64, err error) {
	for read < n && err == nil {
		var k int
		k, err = r.Discard(int(min(n-read, 1<<20)))
		read += int64(k)
	}
	return read, err
}
