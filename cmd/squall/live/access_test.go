package live

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// served is the page of a run that is yet to be launched.
func served(t *testing.T) *Page {
	t.Helper()
	p, err := Serve(Options{Control: control.Options{Run: "r1", Scenario: "shop <b>", Hands: &runner.Hands{}}, About: "</script><script>alert(1)</script>"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// let in is a browser that has opened a link, or with "" none.
func letIn(t *testing.T, link string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	if link != "" {
		if code, body := asked(t, c, http.MethodGet, link, nil); code != http.StatusOK || !strings.Contains(body, `content="0; url=/"`) {
			t.Fatalf("the link answers %d %s", code, body)
		}
	}
	return c
}

func asked(t *testing.T, c *http.Client, method, address string, header map[string]string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// Who has no token sees nothing, who has a spectator's does nothing, and no page of elsewhere gets in with somebody's cookie.
func TestWhoGetsIn(t *testing.T) {
	p := served(t)
	nobody, looking, acting := letIn(t, ""), letIn(t, p.Spectators()), letIn(t, p.Link())
	for _, c := range []struct {
		what         string
		who          *http.Client
		method, path string
		header       map[string]string
		want         int
	}{
		{"nobody, the page", nobody, "GET", "/", nil, 401},
		{"nobody, another token", nobody, "GET", "/?token=x", nil, 401},
		{"nobody, events", nobody, "GET", "/events", nil, 401},
		{"nobody, style", nobody, "GET", "/page.css", nil, 401},
		{"nobody, an act", nobody, "POST", "/v1/abort", nil, 401},
		{"nobody, with ctl's way", nobody, "POST", "/v1/abort", map[string]string{"Authorization": "Bearer " + p.act}, 401},
		{"a spectator, the page", looking, "GET", "/", nil, 200},
		{"a spectator, how it stands", looking, "GET", "/v1/status", nil, 409},
		{"a spectator, stop", looking, "POST", "/v1/abort", nil, 403},
		{"a spectator, inject", looking, "POST", "/v1/inject", nil, 403},
		{"a spectator, what is no verb", looking, "POST", "/v1/x", nil, 403},
		{"the page", acting, "GET", "/", nil, 200},
		{"no report yet", acting, "GET", "/report", nil, 404},
		{"stop, before there is a run", acting, "POST", "/v1/abort", nil, 409},
		{"stop, from this page", acting, "POST", "/v1/abort", map[string]string{"Origin": p.url, "Sec-Fetch-Site": "same-origin"}, 409},
		{"stop, from a page elsewhere", acting, "POST", "/v1/abort", map[string]string{"Origin": "http://elsewhere.example"}, 403},
		{"stop, from another port", acting, "POST", "/v1/abort", map[string]string{"Origin": "http://127.0.0.1:1"}, 403},
		{"stop, from a frame without an origin", acting, "POST", "/v1/abort", map[string]string{"Origin": "null"}, 403},
		{"stop, as browsers say", acting, "POST", "/v1/abort", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"a name that leads here", acting, "GET", "/", map[string]string{"Host": "elsewhere.example"}, 403},
		{"a name that leads here, the link", nobody, "GET", "/?token=" + p.act, map[string]string{"Host": "elsewhere.example"}, 403},
	} {
		if code, body := asked(t, c.who, c.method, p.url+c.path, c.header); code != c.want {
			t.Errorf("%s: %d, want %d: %.200s", c.what, code, c.want, body)
		}
	}
}

// The cookie is out of reach for scripts and other sites; the page lets in nothing but its own, and shows what a run says as text.
func TestWhatTheBrowserIsTold(t *testing.T) {
	p := served(t)
	response, err := http.Get(p.Link())
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	cookies := response.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || !strings.HasSuffix(cookies[0].Name, p.url[strings.LastIndex(p.url, ":")+1:]) {
		t.Fatalf("cookies %+v", cookies)
	}
	if said := response.Header.Get("Content-Security-Policy"); said != policy || strings.Contains(said, "unsafe") {
		t.Errorf("policy %q", said)
	}
	_, acting := asked(t, letIn(t, p.Link()), "GET", p.url+"/", nil)
	_, looking := asked(t, letIn(t, p.Spectators()), "GET", p.url+"/", nil)
	for _, page := range []string{acting, looking} {
		if strings.Contains(page, "<b>:") || strings.Contains(page, "alert(1)</script>") || !strings.Contains(page, "shop &lt;b&gt;") {
			t.Errorf("a run's words are markup: %s", page)
		}
		if strings.Contains(page, " style=") || strings.Contains(page, " onclick=") || strings.Contains(page, "//") && strings.Contains(page, `src="http`) {
			t.Errorf("the page asks for what its policy forbids: %s", page)
		}
	}
	if !strings.Contains(acting, `id="stop"`) || !strings.Contains(acting, p.look) || strings.Contains(acting, p.act) {
		t.Errorf("who acts has no way to stop, or their token stands in the page: %s", acting)
	}
	for _, hand := range []string{"<button", "<form", `data-verbs="i`, p.look, p.act} {
		if strings.Contains(looking, hand) {
			t.Errorf("a spectator's page has %q", hand)
		}
	}
	if address, err := url.Parse(p.url); err != nil || address.Hostname() != "127.0.0.1" {
		t.Errorf("it listens on %s", p.url)
	}
}

// Who looks on is told that the run is over, whether or not it has a report, and the page waits until they have fetched it.
func TestTheEnd(t *testing.T) {
	for what, end := range map[string]func(*Page) error{
		"report": func(p *Page) error {
			return p.Over(&record.Result{Scenario: "shop", Verdict: record.Pass}, "It is over.")
		},
		"none": func(p *Page) error { p.Failed(io.ErrUnexpectedEOF); return nil },
	} {
		t.Run(what, func(t *testing.T) {
			p := served(t)
			c := letIn(t, p.Spectators())
			response, err := c.Get(p.url + "/events")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			lines := bufio.NewScanner(response.Body)
			next := func(event string) (data string) {
				for lines.Scan() {
					if lines.Text() == "event: "+event && lines.Scan() {
						return strings.TrimPrefix(lines.Text(), "data: ")
					}
				}
				t.Fatalf("no %s: %v", event, lines.Err())
				return ""
			}
			var is state
			if err := json.Unmarshal([]byte(next("state")), &is); err != nil || is.State != launching || is.Viewers != 1 {
				t.Errorf("before the run: %+v, %v", is, err)
			}
			if err := end(p); err != nil {
				t.Fatal(err)
			}
			var told over
			if err := json.Unmarshal([]byte(next("over")), &told); err != nil {
				t.Fatal(err)
			}
			if what == "none" {
				if told.Report != "" || told.Text != "unexpected EOF" {
					t.Errorf("told %+v", told)
				}
				return
			}
			closed := make(chan struct{})
			go func() { p.Close(); close(closed) }()
			select {
			case <-closed:
				t.Fatal("the page is gone before its report was fetched")
			case <-time.After(100 * time.Millisecond):
			}
			if code, body := asked(t, c, "GET", p.url+told.Report, nil); code != http.StatusOK || !strings.Contains(body, "It is over.") || !strings.Contains(body, "Content-Security-Policy") {
				t.Errorf("the report: %d %.300s", code, body)
			}
			select {
			case <-closed:
			case <-time.After(fetchTime / 2):
				t.Error("the page waits on though everybody has the report")
			}
		})
	}
}
