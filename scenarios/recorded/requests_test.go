package recorded

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ms = time.Millisecond

func TestLogs(t *testing.T) {
	t.Parallel()
	want := Recording{
		Kinds: []string{"GET /items/{id}", "POST /orders", "GET /a"},
		Requests: []Request{
			{At: 0, Method: "GET", Target: "/items/7?x=1", Kind: 0}, {At: 500 * ms, Method: "POST", Target: "/orders", Kind: 1},
			{At: 2 * time.Second, Method: "GET", Target: "/a", Kind: 2}, {At: 3 * time.Second, Method: "GET", Target: "/items/9", Kind: 0},
		},
		Skipped: 2,
	}
	for name, c := range map[string]struct{ format, text string }{
		"common": {Common, `1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /items/7?x=1 HTTP/1.1" 200 5
1.2.3.4 - - [10/Oct/2000:13:55:39 -0700] "GET /items/9 HTTP/1.1" 200 5
::1 - ada lovelace [10/Oct/2000:13:55:36 -0700] "POST /orders HTTP/1.0" 201 -
1.2.3.4 - - [10/Oct/2000:13:55:38 -0700] "GET http://shop/a#x" 200 5
1.2.3.4 - - [10/Oct/2000:13:55:38 -0700] "-" 400 0

1.2.3.4 - - [10/Oct/2000:13:55:38 -0700] "\x16\x03\x01" 400 0
`},
		"combined": {Combined, `1.2.3.4 - - [10/Oct/2000:20:55:36 +0000] "GET /items/7?x=1 HTTP/1.1" 200 5 "-" "Mozilla (x) \"y\""
1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "POST /orders HTTP/2.0" 200 5 "https://x/" "-"
1.2.3.4 - - [10/Oct/2000:13:55:38 -0700] "GET /a HTTP/1.1" 200 5 "-" "-" 0.003
1.2.3.4 - - [10/Oct/2000:13:55:39 -0700] "GET /items/9 HTTP/1.1" 200 5 "-" "-"
1.2.3.4 - - [10/Oct/2000:13:55:39 -0700] "CONNECT x:443 HTTP/1.1" 200 5 "-" "-"
1.2.3.4 - - [10/Oct/2000:13:55:39 -0700] "" 200 5 "-" "-"
`},
		"json": {JSON, `{"ts": 1000.0, "request": {"method": "GET", "uri": "/items/7?x=1"}}
{"ts": 1000.5, "request": "POST /orders HTTP/1.1"}
{"@timestamp": "1970-01-01T00:16:42Z", "method": "GET", "path": "/a"}
{"msec": 1003, "request_method": "GET", "request_uri": "/items/9"}
{"time": "1970-01-01T00:16:42.5Z", "method": "BREW", "path": "/a"}
{"time": "1970-01-01T00:16:42.5Z", "method": "GET", "path": "a b"}
`},
	} {
		got, err := ReadLog(c.format, []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestHAR(t *testing.T) {
	t.Parallel()
	got, err := ReadHAR([]byte(`{"log": {"entries": [
		{"startedDateTime": "2026-01-01T10:00:00.250+01:00", "request": {"method": "GET", "url": "https://shop.example/items/0123456789abcdef01", "headers": [{"name": "Cookie", "value": "secret"}]}},
		{"startedDateTime": "2026-01-01T09:00:00.300Z", "request": {"method": "GET", "url": "https://ads.example/x"}},
		{"startedDateTime": "2026-01-01T09:00:01.000Z", "request": {"method": "POST", "url": "https://SHOP.example/orders?a=b", "postData": {"mimeType": "application/json", "text": "{\"a\": \"{b}\"}"}}}
	]}}`))
	want := Recording{Kinds: []string{"GET /items/{id}", "POST /orders"}, Skipped: 1, Requests: []Request{
		{Method: "GET", Target: "/items/0123456789abcdef01"}, {At: 750 * ms, Method: "POST", Target: "/orders?a=b", Body: `{"a": "{b}"}`, Type: "application/json", Kind: 1},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format, text string
		line, column int
		what         string
	}{
		{Common, "", 1, 1, "no request"}, {Common, "x\n", 1, 1, "not of an access log"},
		{Common, "1.1.1.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 5\n1.1.1.1 - - [yesterday] \"GET / HTTP/1.1\" 200 5\n", 2, 14, `"yesterday" is no time`},
		{JSON, "{\"ts\": 1, \"request\": \"GET / HTTP/1.1\"}\n[]\n", 2, 1, "no JSON object"},
		{JSON, "{\"request\": \"GET / HTTP/1.1\"}\n", 1, 1, "no time"}, {JSON, "{\"ts\": 1}\n", 1, 1, "no request"},
		{"har", "{\n \"log\": x}", 2, 10, "no HAR"}, {"har", "{}", 1, 1, "no log"},
		{"har", `{"log": {"entries": [{"startedDateTime": "now"}]}}`, 1, 1, "no time"},
	} {
		var err error
		if c.format == "har" {
			_, err = ReadHAR([]byte(c.text))
		} else {
			_, err = ReadLog(c.format, []byte(c.text))
		}
		var m *Mistake
		if !errors.As(err, &m) || m.Line != c.line || m.Column != c.column || !strings.Contains(m.What, c.what) || m.Fix == "" {
			t.Errorf("%q: %v, want %d:%d ... %s", c.text, err, c.line, c.column, c.what)
		}
	}
}

// What was recorded is sent as one line of a request, whatever stands in the file; times never go back.
func FuzzRead(f *testing.F) {
	f.Add(Common, `1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /items/7?x=1 HTTP/1.1" 200 5`)
	f.Add(JSON, `{"ts": 1e300, "request": {"method": "GET", "uri": "/items/7?x=1"}}`)
	f.Add("har", `{"log": {"entries": [{"startedDateTime": "2026-01-01T10:00:00Z", "request": {"method": "GET", "url": "https://x/a"}}]}}`)
	f.Add(Combined, `10.0.0.1 - alice [02/Jan/2026:03:04:05 +0000] "POST /api/v1/orders HTTP/2.0" 201 87 "https://shop.example/cart" "Mozilla/5.0 (X11; Linux x86_64) \"quoted\""
10.0.0.2 - - [02/Jan/2026:03:04:04 +0000] "\x16\x03\x01" 400 0 "-" "-"
::1 - - [02/Jan/2026:03:04:06 +0000] "OPTIONS * HTTP/1.1" 200 0 "-" "curl/8"
`)
	f.Add(JSON, `{"time":"2026-01-02T03:04:05.678Z","request_method":"GET","request_uri":"/search?q=a%20b","status":200}
{"time_local":"02/Jan/2026:03:04:05 +0000","request":"GET /a//b?x=%zz HTTP/1.1","status":"404"}
{"level":"info","ts":1767323045.6,"logger":"http.log.access","request":{"proto":"HTTP/2.0","method":"PUT","host":"shop.example","uri":"/items/1","headers":{"Accept":["*/*"]}},"status":204}
`)
	f.Add("har", `{"log":{"version":"1.2","creator":{"name":"WebInspector"},"pages":[],"entries":[
{"startedDateTime":"2026-01-02T03:04:05.678+01:00","time":12.5,"request":{"method":"POST","url":"https://shop.example/graphql","httpVersion":"http/2.0","headers":[{"name":":authority","value":"shop.example"},{"name":"Content-Type","value":"application/json"}],"queryString":[],"postData":{"mimeType":"application/json; charset=utf-8","text":"{\"query\":\"{a}\"}"}},"response":{"status":200}},
{"startedDateTime":"2026-01-02T03:04:05.700+01:00","request":{"method":"GET","url":"wss://shop.example/live"}},
{"startedDateTime":"2026-01-02T03:04:05.600+01:00","request":{"method":"GET","url":"https://shop.example/ü?ä#frag","postData":{"mimeType":"a\r\nb","params":[{"name":"a","value":"b"}]}}}]}}`)
	f.Fuzz(func(t *testing.T, format, text string) {
		var r Recording
		var err error
		if format == "har" {
			r, err = ReadHAR([]byte(text))
		} else {
			r, err = ReadLog(format, []byte(text))
		}
		if err != nil {
			if _, ok := errors.AsType[*Mistake](err); !ok {
				t.Errorf("%T", err)
			}
			return
		}
		last := time.Duration(0)
		for _, q := range r.Requests {
			if q.At < last || !strings.HasPrefix(q.Target, "/") || strings.ContainsAny(q.Target, " \r\n") || strings.ContainsAny(q.Type, "\r\n") || r.Kinds[q.Kind] == "" {
				t.Errorf("%+v after %v", q, last)
			}
			if _, err := http.NewRequest(q.Method, "http://x"+q.Target, nil); err != nil {
				t.Errorf("%+v can't be sent: %v", q, err)
			}
			last = q.At
		}
		if len(r.Kinds) > MaxKinds+len(methods) {
			t.Errorf("%d kinds", len(r.Kinds))
		}
	})
}
