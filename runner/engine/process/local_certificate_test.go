package process_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/enginetest"
	"github.com/squallhq/squall/runner/engine/process"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
)

// beSecured serves HTTPS, a connection for each request, with the files that it is given; SIGUSR1 has it read them anew.
func beSecured() {
	root := os.Getenv("SQUALL_ROOT")
	var shown atomic.Pointer[tls.Certificate]
	read := func() {
		pair, err := tls.LoadX509KeyPair(root+"/tls/web.pem", root+"/tls/web.pem")
		check(err)
		shown.Store(&pair)
	}
	read()
	check(os.WriteFile(root+"/pid", []byte(strconv.Itoa(os.Getpid())), 0o600))
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGUSR1)
	go func() {
		for range again {
			read()
		}
	}()
	s := &http.Server{Addr: os.Getenv("SQUALL_HOST") + ":" + os.Getenv("SQUALL_PORT"), TLSConfig: &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown.Load(), nil },
	}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprintf(w, "asked for %s", r.TLS.ServerName)
	})}
	check(s.ListenAndServeTLS("", ""))
}

// tellSecured is the command by which it is told, as others have one for that.
func tellSecured() {
	data, err := os.ReadFile(os.Getenv("SQUALL_ROOT") + "/pid")
	check(err)
	pid, err := strconv.Atoi(string(data))
	check(err)
	check(syscall.Kill(pid, syscall.SIGUSR1))
}

const secured = `scenario: secured
warm_up: 500ms
topology:
  web: {kind: image, local: [%[1]q, secured], port: 8443, certificate: {cert: /tls/web.pem, key: /tls/web.pem, reload: %[2]s}}
load: {users: {to: web, rate: 20/s, tls: {ca: run}, requests: [{send: GET /, check: {body: {contains: asked for web}}}]}}
phases:
  - {name: steady, for: 1s}
  - {name: slow, for: 1s, faults: [{latency: 100ms, on: web}]}
  - {name: gap, for: 500ms}
  - {name: bad, for: 1s, faults: [{certificate: web, how: wrong_name}]}
  - {name: crashed, for: 1s, faults: [{crash: web}]}
  - {name: mended, for: 1s}
`

// A command of this machine has a certificate of the run's as an image has: a load that trusts the run is served, feels an edge's latency
// at both turns of a connection, and fails at the handshake while the certificate is of another name, whichever way the command is told.
func TestLocalCommandHasACertificate(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	check(err)
	for name, reload := range map[string]string{"signal": "SIGUSR1", "command": fmt.Sprintf("[%q, reload]", exe)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := runner.Run(t.Context(), runner.Options{
				Plan: shopPlan(t, secured, exe, reload), Engine: process.New(process.Options{}), Loader: load.New(load.Options{FineWait: true}),
				Run: "test-certificate-" + name, Dir: t.TempDir(),
			})
			if err != nil {
				t.Fatal(err)
			}
			const rate = 20
			renamed, crashed := res.Faults[1], res.Faults[2]
			steady := res.Phases[0].Requests[0].LatencyMs.P50
			for _, p := range res.Phases {
				q := p.Requests[0]
				switch p.Name {
				case "crashed":
					continue
				case "bad":
					if q.Errors[record.ErrTLS] < q.Sent-enginetest.CameBefore(renamed, rate) || q.Failed != q.Errors[record.ErrTLS] {
						t.Errorf("%s: %d of %d failed as %v", p.Name, q.Failed, q.Sent, q.Errors)
					}
				default:
					few := int64(1)
					if p.Name == "mended" {
						few = enginetest.CameAfter(crashed, rate) // while it was started again
					}
					if q.Failed > few || q.Sent < 8 {
						t.Errorf("%s: %d of %d failed as %v", p.Name, q.Failed, q.Sent, q.Errors)
					}
				}
				if p.Name == "slow" && (q.LatencyMs.P50 < 200 || q.LatencyMs.P50 > 260+steady) {
					t.Errorf("half of the requests take %g ms, want some 200", q.LatencyMs.P50)
				}
			}
			for _, f := range res.Faults {
				if f.Kind == "certificate" && !strings.Contains(f.Receipt.Text, "web-1 showed a certificate of another name") {
					t.Errorf("its receipt is %q", f.Receipt.Text)
				}
			}
		})
	}
}
