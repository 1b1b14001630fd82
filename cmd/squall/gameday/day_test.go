package gameday

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// day is a run with a phase that is people's: nothing is planned in it, and it ends when somebody says so.
const day = `scenario: day
hypothesis: users notice nothing of a slow stock
topology:
  gw: {kind: gateway, timeout: 2s, routes: [{match: /*, to: shop}]}
  shop: {kind: service, replicas: 2, endpoints: {"GET /x": [{call: stock GET /y, timeout: 1s}]}}
  stock: {kind: service, endpoints: {"GET /y": [{work: 1ms}]}}
load:
  users: {to: gw, rate: 20/s, requests: [{send: GET /x}]}
warm_up: 200ms
phases:
  - {name: steady, for: 3s}
  - {name: open house, until: go, for: 2m}
  - {name: after, for: 3s}
expect: [{in: after, success: ">= 80%"}]
`

// A whole game day: one takes part by squall ctl, one at the page, one with toxiproxy's client, all at once. Every act is in the record with its
// door, what met it and its end; nothing stays on; and the session makes a scenario that is run without them.
func TestAGameDay(t *testing.T) {
	for _, engine := range []string{"process", "docker"} {
		t.Run(engine, func(t *testing.T) {
			if engine == "docker" {
				needDocker(t)
			}
			s := speaking(t, engine, day, "--web")
			s.await("in its open house", func(st control.Standing) bool { return st.Phase == "open house" })
			var people sync.WaitGroup
			people.Go(func() { s.ctl(report.ExitPass, "inject", "latency: 150ms, on: shop -> stock", "--for", "60s") })
			people.Go(func() { s.atThePage("inject", `{"who":"ben","fault":"errors: 30%, on: stock","for":"60s"}`) })
			people.Go(func() {
				s.toxiproxy(http.MethodPost, "/proxies/users:gw-1/toxics", `{"name":"slowly","type":"latency","attributes":{"latency":40}}`)
			})
			people.Wait()
			s.await("hurt by all three", func(st control.Standing) bool {
				return len(st.On) == 2 && len(st.Requests) == 1 && st.Requests[0].OK > 0 && st.Requests[0].Failed > 0 && st.Requests[0].P99Ms > 190
			})
			s.answersWhereItSays(engine)
			people.Go(func() { s.ctl(report.ExitPass, "note", "the pager rang") })
			people.Go(func() { s.toxiproxy(http.MethodDelete, "/proxies/users:gw-1/toxics/slowly", "") })
			people.Go(func() { s.atThePage("clear", `{"who":"ben"}`) })
			people.Go(func() { s.overHTTP("mark", `{"who":"cat","text":"half time"}`) })
			people.Wait()
			s.await("well again", func(st control.Standing) bool {
				return len(st.On) == 0 && len(st.Requests) == 1 && st.Requests[0].OK > 0 && st.Requests[0].Failed == 0
			})
			s.ctl(report.ExitPass, "go")
			_ = s.run.Wait()
			s.wantDay(engine)
		})
	}
}

// answersWhereItSays asks a part of the run by the address that its folder has.
func (s *session) answersWhereItSays(engine string) {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.out, control.AddressesFile))
	if err != nil {
		s.t.Fatal(err)
	}
	var parts struct{ Addresses []struct{ What, URL string } }
	if err := json.Unmarshal(data, &parts); err != nil {
		s.t.Fatal(err)
	}
	at := map[string]string{}
	for _, a := range parts.Addresses {
		at[a.What] = a.URL
	}
	for what, want := range map[string]string{"stock-1 metrics": "squall_requests_total", "toxiproxy's API": "users:gw-1"} {
		answer, err := http.Get(at[what])
		if err != nil {
			s.t.Errorf("%s of the %s run, among %v: %v", what, engine, at, err)
			continue
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if !strings.Contains(string(text), want) {
			s.t.Errorf("%s answers %s without %s: %s", what, answer.Status, want, text)
		}
	}
	if at["load users to gw-1"] == "" {
		s.t.Errorf("it does not say where its load goes in: %v", at)
	}
}

// needDocker skips where no engine answers; SQUALL_REQUIRE_DOCKER=1 makes that a failure.
func needDocker(t *testing.T) {
	t.Helper()
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err == nil {
		defer api.Close() //nolint:errcheck // it was only asked
		_, err = api.Ping(t.Context())
	}
	switch {
	case err == nil:
	case os.Getenv("SQUALL_REQUIRE_DOCKER") == "1":
		t.Fatalf("SQUALL_REQUIRE_DOCKER=1 and no engine can be used: %v", err)
	default:
		t.Skipf("needs a Docker engine (SQUALL_REQUIRE_DOCKER=1 makes this a failure): %v", err)
	}
}

// speaking begins a run whose words are kept.
func speaking(t *testing.T, engine, scenario string, flags ...string) *session {
	t.Helper()
	s := &session{t: t, dir: t.TempDir()}
	s.out = filepath.Join(s.dir, "runs", "one")
	if err := os.WriteFile(filepath.Join(s.dir, "day.yaml"), []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(s.dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = said.Close() })
	s.run = exec.CommandContext(t.Context(), squallbin.Path(t), append([]string{"run", "day.yaml", "--engine", engine, "--out", s.out}, flags...)...)
	s.run.Dir, s.run.Stdout, s.run.Stderr = s.dir, said, said
	s.run.Cancel = func() error { return s.run.Process.Signal(os.Interrupt) }
	if err := s.run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.run.Process.Signal(os.Interrupt) })
	return s
}

// told finds what the run has said.
func (s *session) told(what string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "said"))
	if err != nil {
		s.t.Fatal(err)
	}
	found := regexp.MustCompile(what).FindStringSubmatch(string(text))
	if found == nil {
		s.t.Fatalf("it did not say %s:\n%s", what, text)
	}
	return found[1]
}

// atThePage asks for a verb as a browser does that has opened the link.
func (s *session) atThePage(verb, body string) {
	s.t.Helper()
	jar, _ := cookiejar.New(nil) // never fails
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	link := s.told(`page: (http\S+)`)
	opened, err := browser.Get(link)
	if err != nil {
		s.t.Error(err)
		return
	}
	_ = opened.Body.Close()
	address, _, _ := strings.Cut(link, "?")
	answer, err := browser.Post(strings.TrimSuffix(address, "/")+"/v1/"+verb, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Errorf("%s at the page: %s", verb, answer.Status)
	}
}

// overHTTP asks for a verb as any program does that has read where the control is.
func (s *session) overHTTP(verb, body string) {
	s.t.Helper()
	var at control.Address
	data, err := os.ReadFile(filepath.Join(s.out, control.File))
	if err == nil {
		err = json.Unmarshal(data, &at)
	}
	if err != nil {
		s.t.Error(err)
		return
	}
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, at.URL+"/v1/"+verb, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+at.Token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Error(err)
		return
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Errorf("%s over HTTP: %s", verb, answer.Status)
	}
}

// toxiproxy asks its API, as its client does.
func (s *session) toxiproxy(method, path, body string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.told(`toxiproxy's API: (http\S+)`)+path, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Error(err)
		return
	}
	_ = answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		s.t.Errorf("%s %s: %s", method, path, answer.Status)
	}
}

// wantDay holds the record against what people did, and a run of the scenario that is made of it.
func (s *session) wantDay(engine string) {
	s.t.Helper()
	res, err := record.Read(s.out)
	if err != nil {
		s.t.Fatal(err)
	}
	var did []string
	for _, a := range res.Actions {
		did = append(did, fmt.Sprintf("%s %s %s, ended %v", a.By(), a.Door, a.What, a.UndoneS != nil || a.Phase != ""))
		if a.Phase == "" && (a.Receipt == nil || !a.Receipt.Met || a.AtS < res.Phases[1].StartS || a.UndoneS == nil || *a.UndoneS > res.Phases[1].EndS) {
			s.t.Errorf("%s on %s from %v to %v, phase from %v to %v, receipt %+v", a.What, a.On, a.AtS, a.UndoneS, res.Phases[1].StartS, res.Phases[1].EndS, a.Receipt)
		}
	}
	all := strings.Join(did, "; ")
	for _, want := range []string{"by ann squall ctl latency 150ms, ended true", "by ben page errors 30%", "by hand toxiproxy's API toxic", "by ann squall ctl go, ended true"} {
		if !strings.Contains(all, want) {
			s.t.Errorf("%s is not among what was done: %s", want, all)
		}
	}
	if after := res.Phases[2].Requests[0]; after.Failed > 0 || after.OK < 50 {
		s.t.Errorf("after all was undone: %+v", after)
	}
	if !slices.ContainsFunc(res.Events, func(e record.Event) bool { return e.Kind == "mark" && e.Text == "half time (by cat, HTTP)" }) {
		s.t.Errorf("no mark among %+v", res.Events)
	}
	for _, e := range res.Expectations {
		if e.Holds == nil || !*e.Holds {
			s.t.Errorf("expectation %s: %+v", e.Text, e)
		}
	}
	for _, name := range []string{control.File, control.ScrapeFile, control.AddressesFile} {
		if _, err := os.Stat(filepath.Join(s.out, name)); !os.IsNotExist(err) {
			s.t.Errorf("after the run there is %s: %v", name, err)
		}
	}
	s.replayed(engine)
}

// replayed makes a scenario of the session and runs it in virtual time: it hurts in the same phase, and not after it.
func (s *session) replayed(engine string) {
	s.t.Helper()
	c := exec.CommandContext(s.t.Context(), squallbin.Path(s.t), "record", "--from", s.out)
	text, err := c.Output()
	if err != nil {
		s.t.Fatalf("record of the %s run: %v", engine, err)
	}
	file, out := filepath.Join(s.dir, "again.yaml"), filepath.Join(s.dir, "again")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if said, err := exec.CommandContext(s.t.Context(), squallbin.Path(s.t), "run", file, "--engine", "virtual", "--out", out, "--quiet").CombinedOutput(); err != nil {
		s.t.Fatalf("the session again: %v\n%s\n%s", err, text, said)
	}
	again, err := record.Read(out)
	if err != nil {
		s.t.Fatal(err)
	}
	if again.Verdict != record.Pass || len(again.Faults) != 3 || again.Phases[1].Requests[0].Failed == 0 || again.Phases[2].Requests[0].Failed > 0 {
		s.t.Errorf("again it is %s with %d faults, %+v, %+v:\n%s", again.Verdict, len(again.Faults), again.Phases[1].Requests[0], again.Phases[2].Requests[0], text)
	}
}
