package load_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// authority signs certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func certificate(t *testing.T, of *x509.Certificate, by *authority) (cert, key []byte, made *ecdsa.PrivateKey) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of.SerialNumber, of.NotBefore, of.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := of, own
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, of, parent, &own.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), own
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{cert: &x509.Certificate{Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}}
	a.pem, _, a.key = certificate(t, a.cert, nil)
	return a
}

func file(b []byte) *scenarios.Attached { return &scenarios.Attached{Bytes: b} }

// securely is a server for web that trusts clients of the authority where they show a certificate, or wants one of all.
func securely(t *testing.T, a *authority, mutual bool, handler http.Handler) *httptest.Server {
	t.Helper()
	cert, key, _ := certificate(t, &x509.Certificate{DNSNames: []string{"web", "shop.example"}}, a)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.EnableHTTP2 = true
	if mutual {
		s.TLS.ClientAuth, s.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		s.TLS.ClientCAs.AppendCertsFromPEM(a.pem)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// through drives a load at a server over an edge of the mesh, for a second, with a latency on it or none.
func through(t *testing.T, l *scenarios.Load, address string, delay time.Duration) ([]record.Sample, runner.Driven) {
	t.Helper()
	samples, g, err := driveOver(t, l, address, delay)
	if err != nil {
		t.Fatal(err)
	}
	return samples, g
}

// driveAt is through without a latency, of a load that may not go.
func driveAt(t *testing.T, l *scenarios.Load, address string) ([]record.Sample, error) {
	t.Helper()
	samples, _, err := driveOver(t, l, address, 0)
	return samples, err
}

func driveOver(t *testing.T, l *scenarios.Load, address string, delay time.Duration) ([]record.Sample, runner.Driven, error) {
	t.Helper()
	m := mesh.New(mesh.Options{Seed: 1})
	defer m.Close()
	edges, err := m.Open(t.Context(), []mesh.Edge{{Name: "users:web-1", Listen: "127.0.0.1:0", Upstream: address}})
	if err != nil {
		t.Fatal(err)
	}
	if delay > 0 {
		slow := faults.Primitive{Op: faults.OpToxic, Edge: "users:web-1", Toxic: &faults.Toxic{
			Stream: faults.Downstream, Toxicity: 1, Attributes: faults.LatencyToxic{Latency: faults.Millis(delay.Milliseconds())},
		}}
		if err := m.Apply(t.Context(), "slow", []faults.Primitive{slow}); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	var samples []record.Sample
	g, err := load.New(load.Options{FineWait: true}).Drive(t.Context(), runner.Drive{
		Order: order.Order{Loads: []*scenarios.Load{l}, Seed: 1, Until: time.Second, Edges: map[string][]order.Edge{l.Name: {{Name: "users:web-1"}}}},
		Zero:  time.Now(),
		Dial: func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", edges[0].Listen)
		},
		Record: func(s record.Sample) {
			mu.Lock()
			defer mu.Unlock()
			samples = append(samples, s)
		},
	})
	return samples, g, err
}

// TLS, mutual TLS, HTTP/2 and h2c pass an edge untouched, and feel a latency of known size on it: 150 ms, which a reused
// connection pays once a request.
func TestSecureCallsFeelAnEdge(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	clientCert, clientKey, _ := certificate(t, &x509.Certificate{Subject: pkix.Name{CommonName: "users"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, a)
	var mu sync.Mutex
	protocols := map[string]bool{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Proto
		if r.TLS != nil {
			name += " " + r.TLS.ServerName
			if len(r.TLS.PeerCertificates) > 0 {
				name += " " + r.TLS.PeerCertificates[0].Subject.CommonName
			}
		}
		mu.Lock()
		protocols[name] = true
		mu.Unlock()
		_, _ = w.Write([]byte(`{"ok": true}`))
	})
	plain, mutual := securely(t, a, false, handler), securely(t, a, true, handler)
	clear := httptest.NewUnstartedServer(handler)
	clear.Config.Protocols = &http.Protocols{}
	clear.Config.Protocols.SetUnencryptedHTTP2(true)
	clear.Start()
	t.Cleanup(clear.Close)
	for _, c := range []struct {
		name, saw, http string
		to              *httptest.Server
		tls             *scenarios.TLS
	}{
		{"tls", "HTTP/1.1 web", "", plain, &scenarios.TLS{CA: file(a.pem)}},
		{"tls by another name", "HTTP/1.1 shop.example", "", plain, &scenarios.TLS{CA: file(a.pem), ServerName: "shop.example"}},
		{"mutual", "HTTP/1.1 web users", "", mutual, &scenarios.TLS{CA: file(a.pem), Cert: file(clientCert), Key: file(clientKey)}},
		{"h2", "HTTP/2.0 web", "2", plain, &scenarios.TLS{CA: file(a.pem)}},
		{"h2c", "HTTP/2.0", "h2c", clear, nil},
	} {
		l := open(40)
		l.TLS, l.HTTP = c.tls, c.http
		l.Requests = []scenarios.Request{{Send: "POST /{id}", JSON: `{"n":"{id}"}`, Check: &scenarios.Check{JSON: map[string]scenarios.JSON{"$.ok": "true"}}}}
		for _, delay := range []time.Duration{0, 150 * time.Millisecond} {
			samples, g := through(t, l, c.to.Listener.Addr().String(), delay)
			var took []time.Duration
			for _, s := range samples {
				if s.Outcome != record.OK {
					t.Fatalf("%s: %+v", c.name, s)
				}
				took = append(took, s.Latency())
			}
			slices.Sort(took)
			if len(took) != 40 || g.Intended != 40 {
				t.Fatalf("%s: %d samples of %d", c.name, len(took), g.Intended)
			}
			if least := took[0]; least < delay || least > delay+100*time.Millisecond { // the rest is this machine's
				t.Errorf("%s with %v on the edge: at least %v", c.name, delay, least)
			}
		}
		mu.Lock()
		if !protocols[c.saw] {
			t.Errorf("%s: the server saw %v, want %s", c.name, protocols, c.saw)
		}
		mu.Unlock()
	}
}

// A look at a write has its body looked into over HTTP/2 too: without it every one would be stale.
func TestLooksOverHTTP2SeeBodies(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.URL.Path)) // as a store that has everything
	}))
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	l := open(20)
	l.HTTP = "h2c"
	l.Requests = []scenarios.Request{{Send: "POST /orders/{write}", Write: &scenarios.Write{Read: &scenarios.WriteRead{Send: "GET /orders/{write}", Contains: "{write}"}}}}
	samples, _ := through(t, l, s.Listener.Addr().String(), 0)
	shown := 0
	for _, s := range samples {
		if s.Write != nil && s.Write.Read != "" {
			shown++
			if s.Write.Read != record.ReadShown {
				t.Errorf("%s, which was there, is %s", s.Write.ID, s.Write.Read)
			}
		}
	}
	if shown < 15 {
		t.Errorf("%d looks of some 20", shown)
	}
}

// A certificate of somebody else, a wrong name and a missing client certificate are failures of class tls: every request is
// counted, none as anything else.
func TestHandshakesThatFail(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	plain, mutual := securely(t, a, false, ok), securely(t, a, true, ok)
	plain.Config.ErrorLog, mutual.Config.ErrorLog = quiet(), quiet()
	for name, c := range map[string]struct {
		to  *httptest.Server
		tls scenarios.TLS
	}{
		"another's ca":   {plain, scenarios.TLS{CA: file(newAuthority(t).pem)}},
		"a wrong name":   {plain, scenarios.TLS{CA: file(a.pem), ServerName: "bank.example"}},
		"no certificate": {mutual, scenarios.TLS{CA: file(a.pem)}},
	} {
		for _, speaks := range []string{"", "2"} {
			l := open(20)
			l.TLS, l.HTTP = &c.tls, speaks
			samples, _ := through(t, l, c.to.Listener.Addr().String(), 0)
			classes := map[string]int{}
			for _, s := range samples {
				classes[s.Error]++
			}
			// In TLS 1.3 a server says what it misses after the client thinks that all is well: an HTTP/2 connection that ends so
			// on its first stream does not say why, and one whose server closed it before it had read the request is reset: what
			// fails first is then the client's write.
			late := 0
			if name == "no certificate" {
				late = classes[record.ErrOther] + classes[record.ErrReset]
			}
			if classes[record.ErrTLS]+late != 20 || late > 10 {
				t.Errorf("%s, http %q: failed as %v", name, speaks, classes)
			}
		}
	}
}
