package live

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/runner/control"
)

// A page for others' browsers is served over TLS, by the name that was given alone: what leads there by another name, or comes from another page, is
// refused, and its cookie goes over TLS alone.
func TestAPageForOthers(t *testing.T) {
	t.Parallel()
	own, err := authority.New("r1")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := own.Issue([]string{"localhost"}, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	where := Where{Address: "localhost:0", Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	for file, data := range map[string][]byte{where.Cert: pair.Cert, where.Key: pair.Key} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Serve(Options{Where: where, Control: control.Options{Run: "r1", Scenario: "shop", Hands: &runner.Hands{}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	if !strings.HasPrefix(p.url, "https://localhost:") || p.Fingerprint() != "" {
		t.Errorf("it is at %s, with the sum %q", p.url, p.Fingerprint())
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(own.PEM)
	c := letIn(t, "")
	c.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	response, err := c.Get(p.Link())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if cookies := response.Cookies(); len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HttpOnly {
		t.Errorf("cookies %+v", cookies)
	}
	for what, one := range map[string]struct {
		header map[string]string
		want   int
	}{
		"this page": {nil, 409}, "from itself": {map[string]string{"Origin": p.url}, 409},
		"from the same without TLS": {map[string]string{"Origin": strings.Replace(p.url, "https", "http", 1)}, 403},
		"from a page elsewhere":     {map[string]string{"Origin": "https://elsewhere.example"}, 403},
		"a name that leads here":    {map[string]string{"Host": "elsewhere.example"}, 403},
	} {
		if code, body := asked(t, c, http.MethodPost, p.url+"/v1/abort", one.header); code != one.want {
			t.Errorf("%s: %d, want %d: %s", what, code, one.want, body)
		}
	}
	if plain, err := http.Get(strings.Replace(p.url, "https", "http", 1)); err == nil && plain.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS it answers %s", plain.Status)
	}
}

// Outside of loopback there is always TLS, with a certificate of that name which is told by its sum; all addresses at once there are never.
func TestWhereAPageIsServed(t *testing.T) {
	t.Parallel()
	for address, secure := range map[string]bool{"": false, "127.0.0.1:0": false, "[::1]:0": false, "localhost:0": false, "192.0.2.7:0": true, "gameday.example:0": true} {
		l, host := &listening{url: &url.URL{Scheme: "http"}}, address
		if address != "" {
			host, _, _ = net.SplitHostPort(address)
		}
		if needs := (Where{Address: address}).secure(); needs != secure {
			t.Errorf("%q: over TLS %v", address, needs)
		}
		if !secure {
			continue
		}
		if err := l.secured(Where{Address: address}, "r1", host); err != nil {
			t.Fatal(err)
		}
		shown, err := x509.ParseCertificate(l.secure.Certificates[0].Certificate[0])
		if err != nil || shown.VerifyHostname(host) != nil {
			t.Errorf("%s: %v, %v", host, err, shown.VerifyHostname(host))
		}
		if sum := sha256.Sum256(shown.Raw); strings.ReplaceAll(l.sum, ":", "") != fmt.Sprintf("%X", sum) {
			t.Errorf("its sum is told as %s", l.sum)
		}
	}
	for _, wrong := range []Where{{Address: "8443"}, {Address: ":8443"}, {Address: "0.0.0.0:8443"}, {Address: "[::]:1"}, {Cert: "x"}, {Address: "127.0.0.1:1", Key: "x"}} {
		if p, err := Serve(Options{Where: wrong}); err == nil {
			p.Close()
			t.Errorf("%+v is served", wrong)
		}
	}
	if _, err := Serve(Options{Where: Where{Cert: "nowhere.pem", Key: "nowhere.pem"}}); err == nil || !strings.Contains(err.Error(), "nowhere.pem") {
		t.Errorf("a certificate that is not there: %v", err)
	}
}
