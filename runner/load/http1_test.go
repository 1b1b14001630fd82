package load

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, wire string
		want       head
		body       int64
		err, bodyE error
	}{
		{name: "with a length", wire: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", want: head{status: 200, length: 3}, body: 3},
		{name: "no reason", wire: "HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", want: head{status: 503}},
		{name: "lines that end in LF alone", wire: "HTTP/1.1 200 OK\nContent-Length: 1\n\na", want: head{status: 200, length: 1}, body: 1},
		{name: "chunked with a trailer", wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n",
			want: head{status: 200, length: -1, chunked: true}, body: 5},
		{name: "until the end", wire: "HTTP/1.1 200 OK\r\n\r\nabcdef", want: head{status: 200, length: -1, untilEOF: true, close: true}, body: 6},
		{name: "no content", wire: "HTTP/1.1 204 No Content\r\n\r\n", want: head{status: 204}},
		{name: "closes", wire: "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n", want: head{status: 200, close: true}},
		{name: "HTTP/1.0 closes", wire: "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", want: head{status: 200, close: true}},
		{name: "HTTP/1.0 keeps alive", wire: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", want: head{status: 200}},
		{name: "HTTP/1.0 knows no chunks", wire: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", want: head{status: 200, length: -1, untilEOF: true, close: true}, body: 11},
		{name: "after interim answers", wire: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", want: head{status: 201}},
		{name: "degraded, and what it wrote", wire: "HTTP/1.1 202 Accepted\r\nsquall-degraded: payments timed out\r\nSquall-Wrote: db/a, queue/b\r\nSquall-Wrote: db/c\r\nContent-Length: 0\r\n\r\n",
			want: head{status: 202, degraded: true, wrote: []string{"db/a", "queue/b", "db/c"}}},
		{name: "a header longer than the buffer", wire: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 10_000) + "\r\nContent-Length: 1\r\n\r\nz", want: head{status: 200, length: 1}, body: 1},
		{name: "nothing", wire: "", err: io.EOF},
		{name: "half a status line", wire: "HTTP/1.1 20", err: io.ErrUnexpectedEOF},
		{name: "half a head", wire: "HTTP/1.1 200 OK\r\nContent-Le", err: io.ErrUnexpectedEOF},
		{name: "a head without its end", wire: "HTTP/1.1 200 OK\r\n", err: io.ErrUnexpectedEOF},
		{name: "no HTTP", wire: "SSH-2.0-OpenSSH_9.2\r\n", err: errProtocol},
		{name: "two lengths", wire: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", err: errProtocol},
		{name: "a negative length", wire: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", err: errProtocol},
		{name: "an unknown coding", wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", err: errProtocol},
		{name: "half a body", wire: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", want: head{status: 200, length: 5}, body: 2, bodyE: io.ErrUnexpectedEOF},
		{name: "half a chunk", wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", want: head{status: 200, length: -1, chunked: true}, body: 2, bodyE: io.ErrUnexpectedEOF},
		{name: "chunks without their end", wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", want: head{status: 200, length: -1, chunked: true}, body: 2, bodyE: io.ErrUnexpectedEOF},
		{name: "a body over the limit", wire: "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", want: head{status: 200, length: 5000}, bodyE: errTooLong},
		{name: "chunks over the limit", wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + strings.Repeat("a", 2000) + "\r\n0\r\n\r\n", want: head{status: 200, length: -1, chunked: true}, body: 1001, bodyE: errTooLong},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := bufio.NewReader(strings.NewReader(c.wire))
			h, err := readHead(r, false)
			if !errors.Is(err, c.err) {
				t.Fatalf("head: %v, want %v", err, c.err)
			}
			if c.err != nil {
				return
			}
			if diff := cmp.Diff(c.want, h, cmp.AllowUnexported(head{})); diff != "" {
				t.Errorf("head (-want +got):\n%s", diff)
			}
			n, err := readBody(io.Discard, r, h, 1000)
			if !errors.Is(err, c.bodyE) || n != c.body {
				t.Errorf("body: %d bytes, %v; want %d, %v", n, err, c.body, c.bodyE)
			}
			if err == nil && r.Buffered() != 0 {
				t.Errorf("%d bytes left over", r.Buffered())
			}
		})
	}
}

// Whatever comes in, we neither panic nor hang, and where both we and net/http read an answer, we read the same one.
func FuzzReadAnswer(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.0 404 Not Found\r\n\r\ngone", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, wire string) {
		r := bufio.NewReader(strings.NewReader(wire))
		h, err := readHead(r, false)
		if err != nil {
			return
		}
		n, err := readBody(io.Discard, r, h, 1<<20)
		theirs, theirErr := http.ReadResponse(bufio.NewReader(strings.NewReader(wire)), nil)
		if theirErr != nil || theirs.StatusCode < 200 || err != nil {
			return
		}
		body, theirErr := io.ReadAll(theirs.Body)
		if theirErr == nil && (theirs.StatusCode != h.status || int64(len(body)) != n) {
			t.Errorf("we read %d with %d bytes, net/http %d with %d", h.status, n, theirs.StatusCode, len(body))
		}
	})
}
