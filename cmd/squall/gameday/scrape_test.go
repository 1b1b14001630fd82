package gameday

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// scraper is what Prometheus makes of a run's scrape file.
type scraper struct {
	Configs []struct {
		Authorization struct{ Credentials string }
		Targets       []struct{ Targets []string } `yaml:"static_configs"`
	} `yaml:"scrape_configs"`
}

// scrape reads the run as Prometheus does that was given its scrape file; with no token where without says so.
func (s *session) scrape(without bool) (map[string]*dto.MetricFamily, int) {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.out, control.ScrapeFile))
	if err != nil {
		s.t.Fatal(err)
	}
	var with scraper
	if err := yaml.Unmarshal(data, &with); err != nil {
		s.t.Fatal(err)
	}
	ask, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+with.Configs[0].Targets[0].Targets[0]+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if !without {
		ask.Header.Set("Authorization", "Bearer "+with.Configs[0].Authorization.Credentials)
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, answer.StatusCode
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		s.t.Fatal(err)
	}
	return families, answer.StatusCode
}

// value is the sum of a family's samples that have all these labels' values.
func value(f *dto.MetricFamily, labels ...string) (sum float64) {
	for _, m := range f.GetMetric() {
		has := 0
		for _, l := range m.Label {
			for _, want := range labels {
				if l.GetValue() == want {
					has++
				}
			}
		}
		if has == len(labels) {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// Prometheus reads a run under way with what its folder says: what the load sent by then, which fault is on and which is not any more. Without
// the token it reads nothing, and when the run is over nobody leaves the token behind.
func TestARunIsScraped(t *testing.T) {
	t.Parallel()
	s := begin(t, "process")
	s.await("two seconds into its phase", func(st control.Standing) bool { return st.Phase == "steady" && st.ElapsedS > 2 })
	if _, code := s.scrape(true); code != http.StatusUnauthorized {
		t.Errorf("without a token it answers %d", code)
	}
	s.ctl(report.ExitPass, "inject", "latency: 50ms, on: users -> shop", "--for", "30s", "--yes")
	on, _ := s.scrape(false)
	if got := value(on["squall_fault_active"], "ann", "latency 50ms"); got != 1 {
		t.Errorf("ann's fault is at %v", got)
	}
	first := value(on["squall_load_requests_total"], "users", "ok")
	if first < 40 || value(on["squall_phase_active"], "steady") != 1 {
		t.Errorf("after two seconds of 40/s %v requests are ok, in phase %v", first, on["squall_phase_active"])
	}
	dashboardShows(t, on)
	s.ctl(report.ExitPass, "clear", "all")
	off, _ := s.scrape(false)
	if got := value(off["squall_fault_active"], "ann", "latency 50ms"); got != 0 {
		t.Errorf("ann's fault is cleared, and at %v", got)
	}
	last := value(off["squall_load_requests_total"], "users", "ok")
	s.ctl(report.ExitPass, "abort")
	_ = s.run.Wait()
	data, err := os.ReadFile(filepath.Join(s.out, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var res record.Result
	if err := json.Unmarshal(data, &res); err != nil {
		t.Fatal(err)
	}
	if q := res.Phases[0].Requests[0]; last < first || float64(q.OK) < last || float64(q.OK) > last+400 {
		t.Errorf("scraped were %v and then %v requests, and the record has %d", first, last, q.OK)
	}
	if _, err := os.Stat(filepath.Join(s.out, control.ScrapeFile)); !os.IsNotExist(err) {
		t.Errorf("the scrape file after the run: %v", err)
	}
}

// dashboardShows holds the dashboard of examples against what there is: each name in it is one that a run has.
func dashboardShows(t *testing.T, scraped map[string]*dto.MetricFamily) {
	t.Helper()
	data, err := os.ReadFile("../../../examples/dashboards/squall.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) {
		t.Error("the dashboard is no JSON")
	}
	names := regexp.MustCompile(`squall_[a-z_]+`).FindAllString(string(data), -1)
	if len(names) < 10 {
		t.Errorf("the dashboard has %d names of metrics", len(names))
	}
	for _, name := range names {
		if scraped[strings.TrimSuffix(name, "_bucket")] == nil {
			t.Errorf("the dashboard shows %s, and a run has no such metric", name)
		}
	}
}
