package docker

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/engine/trust"
)

// A built-in service in a container speaks TLS to a partner on this machine's loopback: by the node's name, trusting whom it says,
// and nobody else.
func TestExternalNodeOfHTTPS(t *testing.T) {
	inParallel(t)
	partner := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.ServerName != "example.com" || r.URL.Path != "/charge" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	partner.Config.ErrorLog = log.New(io.Discard, "", 0) // of those who don't trust it
	partner.StartTLS()
	t.Cleanup(partner.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: partner.Certificate().Raw})
	s := launch(t, Options{}, parsed(t, fmt.Sprintf(`
scenario: partners
topology:
  api: {kind: service, endpoints: {GET /charge: [{call: partner GET /charge}], GET /stranger: [{call: stranger GET /charge}]}}
  partner: {kind: external, external: "https://%[1]s", tls: {ca: ./ca.pem, server_name: example.com}}
  stranger: {kind: external, external: "https://%[1]s"}
load: {users: {to: api, rate: 1/s, requests: [{send: GET /charge}]}}
phases: [{name: steady, for: 10s}]
`, strings.TrimPrefix(partner.URL, "https://")), map[string]string{"ca.pem": string(ca)}))
	for path, want := range map[string]int{"/charge": http.StatusOK, "/stranger": http.StatusBadGateway} {
		conn, err := s.Dial(t.Context(), "users:api-1")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.0\r\n\r\n", path)
		answer, err := io.ReadAll(conn)
		conn.Close()
		if err != nil || !strings.Contains(string(answer), fmt.Sprintf(" %d ", want)) {
			t.Errorf("%s answers %.60q, %v, want %d", path, answer, err, want)
		}
	}
}

// Who has nobody to trust is refused before anything is launched.
func TestNobodyToTrust(t *testing.T) {
	const text = `
scenario: partners
topology:
  api: {kind: service, endpoints: {GET /: [{call: partner GET /}]}}
  partner: {kind: external, external: "https://example.com"}
load: {users: {to: api, rate: 1/s, requests: [{send: GET /}]}}
phases: [{name: steady, for: 10s}]
`
	p := parsed(t, text, nil)
	if err := trust.Check(p, nil); err == nil || !strings.Contains(err.Error(), `node "partner": api speaks TLS to it in a container`) {
		t.Errorf("%v", err)
	}
	if err := trust.Check(p, []byte("trusted")); err != nil {
		t.Error(err)
	}
}
