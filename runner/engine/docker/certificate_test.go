package docker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/enginetest"
	generator "github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
)

// securedProgram serves HTTPS with the files that it is given, wants certificates of the same authority from its clients, and says what
// the handshake was about. Each HTTP/1.1 request is a connection of its own.
const securedProgram = `package main

import ("crypto/tls"; "crypto/x509"; "fmt"; "net/http"; "os"; "os/signal"; "sync/atomic"; "syscall")

func main() {
	var shown atomic.Pointer[tls.Certificate]
	read := func() {
		pair, err := tls.LoadX509KeyPair("/tls/web.crt", "/tls/web.key")
		if err != nil { panic(err) }
		shown.Store(&pair)
	}
	read()
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	go func() { for range again { read() } }()
	ca, err := os.ReadFile("/tls/ca.crt")
	if err != nil { panic(err) }
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(ca)
	s := &http.Server{Addr: ":8443", TLSConfig: &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown.Load(), nil },
	}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 { w.Header().Set("Connection", "close") }
		fmt.Fprintf(w, "{\"asked\": %q, \"by\": %q, \"over\": %q}", r.TLS.ServerName, r.TLS.PeerCertificates[0].Subject.CommonName, r.Proto)
	})}
	fmt.Println(s.ListenAndServeTLS("", ""))
}
`

// A run makes its own authority: the image gets a certificate where it looks for it, the loads trust it and show theirs, the name that is
// asked for gets through the edge, and a latency on that is felt at each of a connection's turns. A certificate that is no good fails
// every handshake while it is shown, for what it is, and none after.
func TestCertificatesOfTheRun(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, securedProgram)
	plan := parsed(t, `
scenario: certificates
warm_up: 500ms
topology:
  web:
    kind: image
    image: `+ref+`
    port: 8443
    user: "1000"
    certificate: {cert: /tls/web.crt, key: /tls/web.key, ca: /tls/ca.crt, names: [shop.test], user: "1000", reload: SIGHUP}
load:
  users:
    to: web
    rate: 10/s
    tls: {ca: run, cert: run, server_name: shop.test}
    requests: [{send: GET /, check: {json: {$.asked: shop.test, $.by: users, $.over: HTTP/1.1}}}]
  apps:
    to: web
    rate: 10/s
    http: "2"
    tls: {ca: run, cert: run}
    requests: [{send: GET /, check: {json: {$.asked: web, $.by: apps, $.over: HTTP/2.0}}}]
phases:
  - {name: steady, for: 2s}
  - {name: slow, for: 2s, faults: [{latency: 150ms, on: web}]}
  - {name: expired, for: 2s, faults: [{certificate: web}]}
  - {name: misnamed, for: 2s, faults: [{certificate: web, how: wrong_name}]}
  - {name: untrusted, for: 2s, faults: [{certificate: web, how: untrusted}]}
  - {name: mended, for: 2s}
`, nil)
	e := testEngine(t, Options{Exe: squallbin.Path(t)})
	run := fmt.Sprintf("test-%x", time.Now().UnixNano())
	cleanRun(t, e, run)
	res, err := runner.Run(t.Context(), runner.Options{
		Plan: plan, Engine: e, Loader: generator.New(generator.Options{FineWait: true}), Run: run, Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	const rate, intended = 10, 20
	least, steady := map[string]map[string]float64{"users": {"slow": 300}, "apps": {"slow": 150}}, map[string]float64{}
	shown := map[string]record.Fault{}
	for _, f := range res.Faults {
		shown[f.Phase] = f
	}
	for _, p := range res.Phases {
		for _, q := range p.Requests {
			bad := q.Load == "users" && (p.Name == "expired" || p.Name == "misnamed" || p.Name == "untrusted")
			late := enginetest.CameBefore(shown[p.Name], rate) // until it is shown
			switch {
			case q.Sent+q.Cut != intended:
				t.Errorf("%s in %s: %d requests and %d cut, want %d", q.Load, p.Name, q.Sent, q.Cut, intended)
			case bad && (q.Errors[record.ErrTLS] < q.Sent-late || q.Failed != q.Errors[record.ErrTLS]):
				t.Errorf("%s in %s: %d of %d failed as %v, and %d came before it was shown", q.Load, p.Name, q.Failed, q.Sent, q.Errors, late)
			case !bad && q.Failed > 1:
				t.Errorf("%s in %s: %d of %d failed as %v", q.Load, p.Name, q.Failed, q.Sent, q.Errors)
			}
			if p.Name == "steady" {
				steady[q.Load] = q.LatencyMs.P50
			}
			// The first of a phase may have begun before it was slow.
			if want := least[q.Load][p.Name]; want > 0 && (q.LatencyMs.P50 < want || q.LatencyMs.P50 > want+steady[q.Load]+100) {
				t.Errorf("%s in %s: half are answered within %g ms, want some %g", q.Load, p.Name, q.LatencyMs.P50, want)
			}
		}
	}
	for _, f := range res.Faults {
		if f.Kind == "certificate" && (!strings.Contains(f.Receipt.Text, "web-1 showed ") || !f.Receipt.Met) {
			t.Errorf("%s: its receipt is %+v", f.On, f.Receipt)
		}
	}
	if len(res.Actions) > 3 { // what we do to the image ourselves is nobody else's doing
		t.Errorf("actions %+v", res.Actions)
	}
	wantNothing(t, e, run)
}

// A real server reads its certificate anew when a command in its container says so, and that is nobody else's doing. One whose reload says
// nothing to it is not believed: the fault is not on.
func TestCertificateOfRealNginx(t *testing.T) {
	breadth.Today(t, 2, 4)
	inParallel(t)
	plan := parsed(t, `
scenario: nginx
warm_up: 1s
topology:
  web:
    kind: image
    image: `+debimage.Ensure(t.Context(), t, debimage.Nginx)+`
    part: nginx
    port: 443
    files: {/etc/nginx/nginx.conf: ./nginx.conf}
    certificate: {cert: /etc/nginx/web.crt, key: /etc/nginx/web.key, reload: [nginx, -s, reload]}
  deaf:
    kind: image
    image: `+debimage.Ensure(t.Context(), t, debimage.Nginx)+`
    part: nginx
    port: 443
    files: {/etc/nginx/nginx.conf: ./nginx.conf}
    certificate: {cert: /etc/nginx/web.crt, key: /etc/nginx/web.key, reload: none}
load:
  users: {to: web, rate: 10/s, tls: {ca: run}, requests: [{send: GET /, check: {body: {contains: well}}}]}
  apps: {to: deaf, rate: 5/s, http: "2", tls: {ca: run}, requests: [{send: GET /}]}
phases:
  - {name: steady, for: 2s}
  - {name: expired, for: 4s, faults: [{certificate: web}, {certificate: deaf, for: 1s}]}
  - {name: mended, for: 3s}
`, map[string]string{"nginx.conf": `
events {}
http {
  keepalive_timeout 0;
  server {
    listen 443 ssl http2;
    ssl_certificate /etc/nginx/web.crt;
    ssl_certificate_key /etc/nginx/web.key;
    location / { return 200 "well"; }
  }
}`})
	e := testEngine(t, Options{Exe: squallbin.Path(t)})
	run := fmt.Sprintf("test-%x", time.Now().UnixNano())
	cleanRun(t, e, run)
	res, err := runner.Run(t.Context(), runner.Options{
		Plan: plan, Engine: e, Loader: generator.New(generator.Options{FineWait: true}), Run: run, Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	expired := res.Faults[0]
	for _, p := range res.Phases {
		for _, q := range p.Requests {
			bad, late := q.Load == "users" && p.Name == "expired", enginetest.CameBefore(expired, 10)
			if bad && (q.Errors[record.ErrTLS] < q.Sent-late || q.Failed != q.Errors[record.ErrTLS]) || !bad && q.Failed > 2 {
				t.Errorf("%s in %s: %d of %d failed as %v", q.Load, p.Name, q.Failed, q.Sent, q.Errors)
			}
		}
	}
	for _, f := range res.Faults {
		switch {
		case f.On == "web" && (f.Error != "" || !strings.Contains(f.Receipt.Text, "web-1 showed an expired certificate")):
			t.Errorf("on web: %q, error %q", f.Receipt.Text, f.Error)
		case f.On == "deaf" && (f.AppliedS != nil || !strings.Contains(f.Error, "shows another one still")):
			t.Errorf("on deaf: applied %v, error %q", f.AppliedS, f.Error)
		}
	}
	for _, a := range res.Actions {
		if a.Door == engineDoor {
			t.Errorf("what we do ourselves is told as another's: %+v", a)
		}
	}
	wantNothing(t, e, run)
}
