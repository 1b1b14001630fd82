package load

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/scenarios"
)

var shoppers = &scenarios.Load{
	Name: "shoppers", To: "edge", Headers: map[string]string{"accept": "application/json", "Connection": "close"}, APIKey: "key",
	Requests: []scenarios.Request{
		{Send: "GET /catalog/{item}", Weight: 9, Params: map[string]scenarios.Param{"item": {Zipf: 1.1, Of: 1000}}},
		{Send: "POST /orders/{id}/lines/{n}", Body: `{"order": {id}, "amount": {n}, "of": {"id": "{id}"}}`,
			Params: map[string]scenarios.Param{"n": {Sequence: true, Of: 3}}},
		{Send: "POST /empty"},
	},
}

func rendered(t *testing.T, l *scenarios.Load, seed uint64, n int) []string {
	t.Helper()
	m, err := newMix(l, nil, seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for range n {
		b, _ := m.render(nil, m.next(0))
		out = append(out, string(b))
	}
	return out
}

// What goes over the wire is read back by net/http.
func TestRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	wire := rendered(t, shoppers, 1, 2000)
	var order *http.Request
	counts := map[string]float64{}
	orders := 0
	for i, text := range wire {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			t.Fatalf("request %d: %v\n%s", i, err, text)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if r.Host != "edge" || r.Header.Get("X-Api-Key") != "key" || r.Header.Get("Accept") != "application/json" || r.Close ||
			r.Header.Get("Squall-Load") != "shoppers" || !strings.HasPrefix(r.Header.Get("Squall-Request"), "shoppers-") {
			t.Fatalf("request %d:\n%s", i, text)
		}
		path := strings.Split(r.URL.Path, "/")[1]
		counts[r.Method+" "+path]++
		if path == "orders" {
			orders++
			if orders == 5 {
				order = r
				want := `{"order": 5, "amount": 2, "of": {"id": "5"}}`
				if r.URL.Path != "/orders/5/lines/2" || string(body) != want {
					t.Errorf("fifth order:\n%s", text)
				}
			}
		}
	}
	if order == nil {
		t.Fatal("no fifth order")
	}
	for kind, share := range map[string]float64{"GET catalog": 9.0 / 11, "POST orders": 1.0 / 11, "POST empty": 1.0 / 11} {
		if got := counts[kind] / 2000; math.Abs(got-share) > 4*math.Sqrt(share*(1-share)/2000) {
			t.Errorf("share of %s = %.3f, want %.3f", kind, got, share)
		}
	}
}

func TestSameSeedSameRequests(t *testing.T) {
	t.Parallel()
	one, again, other := rendered(t, shoppers, 1, 500), rendered(t, shoppers, 1, 500), rendered(t, shoppers, 2, 500)
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("the same seed differs:\n%s", diff)
	}
	if cmp.Equal(one, other) {
		t.Error("another seed gives the same requests")
	}
	// A request can be rendered again, later and out of turn.
	m, _ := newMix(shoppers, nil, 1, 0)
	var rs []request
	for range 500 {
		rs = append(rs, m.next(0))
	}
	for _, i := range []int{400, 3, 77} {
		if b, _ := m.render(nil, rs[i]); string(b) != one[i] {
			t.Errorf("request %d rendered again:\n%s\nwant:\n%s", i, b, one[i])
		}
	}
}

func TestTemplatesThatCantBeSent(t *testing.T) {
	t.Parallel()
	with := func(change func(*scenarios.Load)) *scenarios.Load {
		l := &scenarios.Load{Name: "users", To: "web", Requests: []scenarios.Request{{Send: "GET /"}}}
		change(l)
		return l
	}
	for name, l := range map[string]*scenarios.Load{
		"no requests":          with(func(l *scenarios.Load) { l.Requests = nil }),
		"no method":            with(func(l *scenarios.Load) { l.Requests[0].Send = "/x" }),
		"no path":              with(func(l *scenarios.Load) { l.Requests[0].Send = "GET x" }),
		"a space in the path":  with(func(l *scenarios.Load) { l.Requests[0].Send = "GET /a b" }),
		"a line in the method": with(func(l *scenarios.Load) { l.Requests[0].Send = "GET\r\n /" }),
		"a line in a header":   with(func(l *scenarios.Load) { l.Headers = map[string]string{"A": "b\r\nC: d"} }),
		"a header's name":      with(func(l *scenarios.Load) { l.Headers = map[string]string{"A B": "c"} }),
		"a negative weight":    with(func(l *scenarios.Load) { l.Requests[0].Weight = -1 }),
		"too many parameters":  with(func(l *scenarios.Load) { l.Requests[0].Send = "GET /{a}{b}{c}{d}{e}{f}{g}{h}{i}" }),
	} {
		if _, err := newMix(l, nil, 1, 0); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	m, err := newMix(shoppers, nil, 1, 0)
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = m.render(buf[:0], m.next(0))
	}
	if !bytes.Contains(buf, []byte("HTTP/1.1")) {
		b.Fatal(string(buf))
	}
}
