package gameday

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// watched is a run whose fault two alerts are to tell of; one of them never comes.
const watched = `scenario: watched
topology:
  shop: {kind: service, endpoints: {"GET /x": [{work: 1ms}]}}
load:
  users: {to: shop, rate: 20/s, requests: [{send: GET /x}]}
warm_up: 200ms
phases:
  - {name: steady, for: 2s}
  - {name: down, for: 4s, faults: [{outage: shop, how: refuse}]}
  - {name: after, for: 2s}
expect:
  - {after: down, alerted_within: 5s, alert: ShopDown}
  - {after: down, alerted_within: 5s, alert: pager}
  - {after: down, alerted_within: 5s, alert: Never}
`

// Alerts come from an alert manager's webhook and from a person, and what expects them is held against when they came; that one never came
// fails the run.
func TestMonitoringIsMeasured(t *testing.T) {
	t.Parallel()
	s := speaking(t, "process", watched, "--alerts", "127.0.0.1:0")
	s.await("down", func(st control.Standing) bool { return st.Phase == "down" && len(st.On) == 1 })
	at := s.told(`alerts are taken at (http\S+)`)
	if dir := s.told(`squall ctl --run (\S+) steers it; addresses.json there says where its parts answer, scrape.yml what Prometheus reads`); dir != s.out {
		t.Errorf("it says that it is steered by %s", dir)
	}
	for body, want := range map[string]int{
		`{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"ShopDown","severity":"page"}},{"status":"resolved","labels":{"alertname":"Other"}}]}`: http.StatusOK,
		`{"alerts":[]}`: http.StatusBadRequest,
		`{"alerts":[{"status":"firing","labels":{}}]}`: http.StatusBadRequest,
	} {
		answer, err := http.Post(at, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %s", body, answer.Status)
		}
	}
	s.ctl(report.ExitPass, "alert", "pager")
	_ = s.run.Wait()
	res, err := record.Read(filepath.Join(s.dir, "runs", "one"))
	if err != nil {
		t.Fatal(err)
	}
	if res.Verdict != record.Fail || len(res.Alerts) != 3 || res.AlertsAt != at {
		t.Errorf("%s: %v; alerts %+v at %q", res.Verdict, res.Reasons, res.Alerts, res.AlertsAt)
	}
	for i, want := range []bool{true, true, false} {
		if e := res.Expectations[i]; e.Holds == nil || *e.Holds != want {
			t.Errorf("%s: %+v", e.Text, e)
		}
	}
	if a := res.Alerts[0]; a.Labels["severity"] != "page" || a.AtS < 2 || a.AtS > 6 {
		t.Errorf("the first alert: %+v", a)
	}
}

// askedFor is watched with monitoring that is asked.
const askedFor = watched + `  - {after: down, alerted_within: 5s, alert: Old}
alerts: {prometheus: "${MONITORING}", every: 200ms, headers: {Authorization: "Bearer ${MONITORING_TOKEN}"}}
`

// A Prometheus is asked which alerts fire while the run goes on: one that does in time is told with its labels and since when, one that did before shows
// nothing, and one that never does fails the run. What it is asked with stands in no file of the run.
func TestMonitoringIsAsked(t *testing.T) {
	const secret = "x3cr3t-0f-m0nit0ring"
	t.Setenv("MONITORING_TOKEN", secret)
	var firing atomic.Pointer[time.Time]
	began := time.Now().Add(-time.Hour)
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/alerts" || r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("asked are %s, as %q", r.URL, r.Header.Get("Authorization"))
		}
		alert := func(name, state string, at time.Time) string {
			return fmt.Sprintf(`{"activeAt": %q, "annotations": {}, "labels": {"alertname": %q, "severity": "page"}, "state": %q, "value": "1e+00"}`, at.Format(time.RFC3339Nano), name, state)
		}
		all := []string{alert("Old", "firing", began), alert("Never", "pending", began)}
		if at := firing.Load(); at != nil {
			all = append(all, alert("ShopDown", "firing", *at))
		}
		fmt.Fprintf(w, `{"status": "success", "data": {"alerts": [%s]}}`, strings.Join(all, ","))
	}))
	defer prometheus.Close()
	t.Setenv("MONITORING", prometheus.URL)
	s := speaking(t, "process", askedFor)
	s.await("down", func(st control.Standing) bool { return st.Phase == "down" && len(st.On) == 1 })
	now := time.Now()
	firing.Store(&now)
	s.ctl(report.ExitPass, "alert", "pager")
	_ = s.run.Wait()
	res, err := record.Read(s.out)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"holds", "holds", "does not", "untold"} {
		e := res.Expectations[i]
		got := "untold"
		if e.Holds != nil {
			got = map[bool]string{true: "holds", false: "does not"}[*e.Holds]
		}
		if got != want {
			t.Errorf("%s: %s, want %s: %+v", e.Text, got, want, e)
		}
	}
	if a := res.AlertsAsked; a == nil || a.At != prometheus.URL || a.Answered < 5 || a.EveryS != .2 {
		t.Errorf("asked %+v", a)
	}
	var told []string
	for _, a := range res.Alerts {
		told = append(told, fmt.Sprint(a.Name, " ", a.Labels["severity"], " ", a.Asked, " ", a.ActiveS != nil && *a.ActiveS > 2))
	}
	if all := strings.Join(told, ", "); all != "Old page true false, ShopDown page true true, pager  false false" && all != "Old page true false, pager  false false, ShopDown page true true" {
		t.Errorf("alerts %s", all)
	}
	if err := filepath.WalkDir(s.out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the token stands in %s", path)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	t.Setenv("MONITORING", "http://192.0.2.7:9090")
	refused := exec.CommandContext(t.Context(), squallbin.Path(t), "run", "day.yaml", "--engine", "process")
	refused.Dir = s.dir
	if said, _ := refused.CombinedOutput(); refused.ProcessState.ExitCode() != int(report.ExitUsage) || !strings.Contains(string(said), "day.yaml:16:22: alerts are asked of 192.0.2.7:9090, which is outside this machine (192.0.2.7): --allow-external allows it") {
		t.Errorf("monitoring elsewhere: %d %s", refused.ProcessState.ExitCode(), said)
	}
}
