package process_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// partnerPlan is a service that calls what runs elsewhere, and a load on each.
func partnerPlan(t *testing.T, external string) *topology.Plan {
	t.Helper()
	e, err := scenarios.ParseExternal(external)
	if err != nil {
		t.Fatal(err)
	}
	s := &scenarios.Scenario{
		Nodes: []*scenarios.Node{
			{Name: "api", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{{Match: "GET /", Steps: []scenarios.Step{
				{Call: &scenarios.Call{Node: "partner", Method: "GET", Path: "/charge"}},
			}}}}},
			{Name: "partner", Kind: scenarios.KindExternal, External: &e},
		},
		Loads:  []*scenarios.Load{{Name: "users", To: "api", Rate: 1}, {Name: "direct", To: "partner", Rate: 1}},
		Phases: []*scenarios.Phase{{Name: "steady", For: 1e9}},
	}
	p, err := topology.New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func dialing(conn net.Conn) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return conn, nil }
}

// What others have launched is called over edges, named by its own host, feels their faults, and is there afterwards.
func TestExternalNode(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Host+r.URL.Path)
	}))
	defer partner.Close()
	at := strings.Replace(strings.TrimPrefix(partner.URL, "http://"), "127.0.0.1", "localhost", 1)
	s, err := newEngine(t).Launch(t.Context(), runner.Launch{Plan: partnerPlan(t, at), Run: "external", Dir: t.TempDir(), Progress: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Down(context.Background()); err != nil {
			t.Error(err)
		}
		if answer, err := http.Get(partner.URL); err != nil {
			t.Errorf("it is gone with the run: %v", err)
		} else {
			answer.Body.Close()
		}
	}()
	get := func(edge string) int {
		conn, err := s.Dial(t.Context(), edge)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := http.Client{Transport: &http.Transport{DialContext: dialing(conn), DisableKeepAlives: true}}
		answer, err := c.Get("http://x/")
		if err != nil {
			return 0
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode
	}
	if a, b := get("users:api-1"), get("direct:partner-1"); a != 200 || b != 200 {
		t.Errorf("they answer %d and %d", a, b)
	}
	undo, err := s.Inject(t.Context(), faults.Refuse{}.Compile(faults.Targets{Edges: []string{"api-1:partner-1"}}))
	if err != nil {
		t.Fatal(err)
	}
	if got := get("users:api-1"); got < 500 {
		t.Errorf("its edge refuses, and api answers %d", got)
	}
	if r, err := undo(t.Context()); err != nil || r.Refused == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpKill, Instance: "partner-1"}}); err == nil || !strings.Contains(err.Error(), "external") {
		t.Errorf("it can be killed: %v", err)
	}
	o, err := s.Observe(t.Context())
	if err != nil || o.Edges["api-1:partner-1"].Requests != 1 || o.Edges["direct:partner-1"].Requests != 1 {
		t.Errorf("%+v, %v", o.Edges, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 2 || asked[0] != at+"/charge" {
		t.Errorf("it was asked %v, want it named %s", asked, at)
	}
}

// What is outside this machine is not sent to unless that is allowed, whatever its name; and where nobody answers the launch says so.
func TestExternalNodeOutside(t *testing.T) {
	t.Parallel()
	launch := func(at string, allowed bool) ([]string, error) {
		var said []string
		s, err := newEngine(t).Launch(t.Context(), runner.Launch{Plan: partnerPlan(t, at), Run: "outside", Dir: t.TempDir(), AllowExternal: allowed, Progress: func(text string) { said = append(said, text) }})
		if err == nil {
			_ = s.Down(context.Background())
			t.Fatalf("%s was reached", at)
		}
		return said, err
	}
	// An address that is nobody's (RFC 5737): nothing is sent before it is allowed.
	_, err := launch("192.0.2.1:80", false)
	var refused *runner.NotAllowed
	if !errors.As(err, &refused) || refused.Node != "partner" || len(refused.At) != 1 || refused.At[0] != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("%v", err)
	}
	closed := httptest.NewServer(nil)
	at := strings.TrimPrefix(closed.URL, "http://")
	closed.Close()
	if _, err := launch(at, false); err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), `reach "partner", which is external, at `+at) {
		t.Errorf("nobody is there, and it says %v", err)
	}
	if _, err := launch("0.0.0.0:80", true); err == nil || !strings.Contains(err.Error(), "nobody's address") {
		t.Errorf("%v", err)
	}
	if _, err := launch(fmt.Sprintf("%s.invalid:80", "partner"), true); err == nil || !strings.Contains(err.Error(), `find external node "partner"`) {
		t.Errorf("%v", err)
	}
}

// Partners of https, by the name that their certificate has: one whose authority is trusted, and one that nobody vouches for.
const partners = `scenario: partners
topology:
  gate: {kind: gateway, routes: [{match: /direct, to: partner}, {match: /*, to: api}]}
  api:
    kind: service
    endpoints:
      GET /charge: [{call: partner GET /charge, timeout: 2s}]
      GET /stranger: [{call: stranger GET /charge, timeout: 2s}]
  partner: {kind: external, external: "https://%[1]s", tls: {ca: ./ca.pem, server_name: example.com}, health: /well}
  stranger: {kind: external, external: "https://%[1]s"}
load:
  users: {to: gate, rate: 1/s, requests: [{send: GET /charge}]}
  straight: {to: partner, rate: 1/s, requests: [{send: GET /charge}]}
phases: [{name: steady, for: 1s}]
`

// What is built in speaks TLS to an external node of https, over its edge: it asks for the node's name, trusts whom the scenario
// says, and nobody else; and feels the edge's faults.
func TestExternalNodeOfHTTPS(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	partner := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.TLS.ServerName+" "+r.Host+r.URL.Path)
	}))
	partner.Config.ErrorLog = log.New(io.Discard, "", 0) // of those who don't trust it
	partner.StartTLS()
	defer partner.Close()
	at := strings.Replace(strings.TrimPrefix(partner.URL, "https://"), "127.0.0.1", "localhost", 1)
	folder := t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: partner.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	doc, err := language.Parse(filepath.Join(folder, "x.yaml"), fmt.Appendf(nil, partners, at), "")
	if err != nil {
		t.Fatal(err)
	}
	if l := doc.Scenario.Loads[1]; l.TLS == nil || l.TLS.CA == nil || len(l.TLS.CA.Bytes) == 0 || l.TLS.ServerName != "example.com" {
		t.Errorf("the load speaks TLS as %+v", l.TLS)
	}
	p, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := launch(t, p, "https")
	if err != nil {
		t.Fatal(err)
	}
	status := func(path string) int { code, _ := answer(t, s, "users:gate-1", path); return code }
	if a, b, c := status("/charge"), status("/direct"), status("/stranger"); a != 200 || b != 200 || c != http.StatusBadGateway {
		t.Errorf("they answer %d, %d and %d", a, b, c)
	}
	mu.Lock()
	if got, want := strings.Join(asked, ", "), "example.com "+at+"/well, example.com "+at+"/charge, example.com "+at+"/direct"; got != want {
		t.Errorf("it was asked %q, want %q", got, want)
	}
	mu.Unlock()
	undo, err := s.Inject(t.Context(), faults.Latency{Delay: 300 * time.Millisecond}.Compile(faults.Targets{Edges: []string{"api-1:partner-1"}}))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if got := status("/charge"); got != 200 || time.Since(began) < 300*time.Millisecond {
		t.Errorf("over a slow edge it answers %d after %s", got, time.Since(began))
	}
	if _, err := undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	undo, err = s.Inject(t.Context(), faults.Refuse{}.Compile(faults.Targets{Edges: []string{"api-1:partner-1"}}))
	if err != nil {
		t.Fatal(err)
	}
	if got := status("/charge"); got < 500 {
		t.Errorf("over an edge that refuses it answers %d", got)
	}
	if r, err := undo(t.Context()); err != nil || r.Refused == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
