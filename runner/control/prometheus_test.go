package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// asking is a Prometheus that answers whatever answer says, as its documentation of /api/v1/alerts does, to a scenario that expects alerts of a name.
func asking(t *testing.T, answer func() string) *Prometheus {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/prefix/api/v1/alerts" || r.Method != http.MethodGet {
			t.Errorf("asked are %s %s, as %q", r.Method, r.URL, r.Header.Get("Authorization"))
		}
		text := answer()
		if code, to, redirects := strings.Cut(text, " -> "); redirects {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			text = code
		}
		if strings.Contains(text, `"error"`) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	p, err := FindPrometheus(t.Context(), &scenarios.Scenario{
		Alerts: &scenarios.Alerts{Prometheus: server.URL + "/prefix/", Headers: map[string]string{"authorization": "Bearer secret"}},
		Expect: []scenarios.Expectation{{Alerted: time.Second, Alert: "ShopDown"}, {Alerted: time.Second, Alert: "DBDown"}},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// active is an answer with alerts, each as NAME STATE INSTANCE.
func active(alerts ...string) string {
	for i, a := range alerts {
		words := strings.Fields(a)
		alerts[i] = fmt.Sprintf(`{"activeAt": "2018-07-04T20:27:12.60602144+02:00", "annotations": {"summary": "it is down"}, "labels": {"alertname": %q, "instance": %q}, "state": %q, "value": "1e+00"}`,
			words[0], words[2], words[1])
	}
	return `{"data": {"alerts": [` + strings.Join(alerts, ", ") + `]}, "status": "success"}`
}

// What is told is what has changed of the alerts that are expected, by their labels; one that is pending does not fire.
func TestPrometheusIsAsked(t *testing.T) {
	t.Parallel()
	answer := ""
	p := asking(t, func() string { return answer })
	for _, c := range []struct {
		answer string
		want   string
	}{
		{active("ShopDown pending a", "Watchdog firing x"), ""},
		{active("ShopDown firing a", "Watchdog firing x", "ShopDown pending b"), "ShopDown a true 2018-07-04T18:27:12Z"},
		{active("ShopDown firing a", "ShopDown firing b"), "ShopDown b true 2018-07-04T18:27:12Z"},
		{active("ShopDown firing b", "DBDown firing c", "DBDown firing c"), "DBDown c true 2018-07-04T18:27:12Z; ShopDown a false 0001-01-01T00:00:00Z"},
		{active(), "DBDown c false 0001-01-01T00:00:00Z; ShopDown b false 0001-01-01T00:00:00Z"},
		{active("ShopDown firing a"), "ShopDown a true 2018-07-04T18:27:12Z"},
	} {
		answer = c.answer
		told, err := p.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range told {
			got = append(got, fmt.Sprint(a.Name, " ", a.Labels["instance"], " ", a.Firing, " ", a.Active.UTC().Format(time.RFC3339)))
		}
		if all := strings.Join(got, "; "); all != c.want {
			t.Errorf("of %s:\n%s, want %s", c.answer, all, c.want)
		}
	}
}

// What is no answer is told as none, and leaves what was known as it was.
func TestPrometheusThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	answer := active("ShopDown firing a")
	p := asking(t, func() string { return answer })
	if _, err := p.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	var many []string
	for i := range alertsMost + 1 {
		many = append(many, fmt.Sprint("DBDown firing ", i))
	}
	for text, want := range map[string]string{
		"<html>":                           "its answer is none of Prometheus' /api/v1/alerts",
		`{"status": "partial"}`:            "it answers partial: ",
		`{"status": "error", "error": ""}`: "it answers 503 Service Unavailable",
		"moved -> http://127.0.0.1:1/":     "it answers 302 Found",
		active(many...):                    "more than 200 alerts fire: have each alerted_within say which it means (alert: NAME)",
		strings.Repeat(" ", alertsBytes):   "its answer is larger than 4 MB",
	} {
		answer = text
		if told, err := p.Look(t.Context()); err == nil || err.Error() != want || told != nil {
			t.Errorf("of %.100q: %v, %v, want %q", text, told, err, want)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Look(gone); err == nil || strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "secret") {
		t.Errorf("who is gone is told %v", err)
	}
	answer = active()
	if told, err := p.Look(t.Context()); err != nil || len(told) != 1 || told[0].Firing {
		t.Errorf("after all that: %+v, %v", told, err)
	}
}

// What is outside this machine is asked where that is allowed, whatever it is called.
func TestWhereAlertsAreAsked(t *testing.T) {
	t.Parallel()
	for address, outside := range map[string]bool{"http://127.0.0.1:9090": false, "http://localhost": false, "https://[::1]:9": false, "http://192.0.2.7:9090": true, "http://0.0.0.0:9090": true} {
		s := &scenarios.Scenario{Alerts: &scenarios.Alerts{Prometheus: address}}
		_, err := FindPrometheus(t.Context(), s, false)
		if _, is := errors.AsType[*Outside](err); is != outside || !outside && err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if _, err := FindPrometheus(t.Context(), s, true); err != nil {
			t.Errorf("%s, allowed: %v", address, err)
		}
	}
	if _, err := FindPrometheus(t.Context(), &scenarios.Scenario{Alerts: &scenarios.Alerts{Prometheus: "http://nobody.invalid"}}, true); err == nil {
		t.Error("nobody is found")
	}
	for _, wrong := range []string{"127.0.0.1:9090", "ftp://127.0.0.1", "http://a:b@127.0.0.1", "http://127.0.0.1?x=1", "http://:9090", "http://"} {
		if _, err := (&scenarios.Alerts{Prometheus: wrong}).Address(); err == nil {
			t.Errorf("%s is an address", wrong)
		}
	}
	if any := (&scenarios.Scenario{Expect: []scenarios.Expectation{{Alerted: 1, Alert: "a"}, {Alerted: 1}}}).AlertsWanted(); any != nil {
		t.Errorf("wanted are %v", any)
	}
}
