package kubeconfig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	encoding "encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pem is a certificate and its key.
func pem(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoding.EncodeToMemory(&encoding.Block{Type: "CERTIFICATE", Bytes: der})), string(encoding.EncodeToMemory(&encoding.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

// plugin is a user who is what a script says; the script counts its calls in a file beside it.
func plugin(t *testing.T, script, more string) (a *Access, calls func() int) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "plugin", "#!/bin/sh\necho >>"+filepath.Join(dir, "calls")+"\n"+script)
	path := write(t, dir, "config", strings.Replace(whole, "token: secret, ",
		"exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never"+more+"}, ", 1))
	a, err := Find(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return a, func() int {
		data, err := os.ReadFile(filepath.Join(dir, "calls"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return strings.Count(string(data), "\n")
	}
}

func says(status string) string {
	return fmt.Sprintf(`echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {%s}}'`, status)
}

// What a command says is kept until it expires, or until the server refuses it: once, for one that has just been refused is not asked for again.
func TestExecIsKept(t *testing.T) {
	a, calls := plugin(t, says(`"token": "said"`), "")
	for range 3 {
		if got := authorized(t, a).Get("Authorization"); got != "Bearer said" {
			t.Fatalf("got %s", got)
		}
	}
	if calls() != 1 {
		t.Errorf("the command was run %d times, want once", calls())
	}
	if !a.Refused() {
		t.Error("refused: there is nothing more to try, want another try with what the command says then")
	}
	authorized(t, a)
	if calls() != 2 || a.Refused() {
		t.Errorf("run %d times, want 2; and a fresh one that is refused is the end", calls())
	}
	for _, test := range []struct {
		name    string
		expires time.Duration
		want    int
	}{{"soon", early / 2, 2}, {"later", time.Hour, 1}} {
		a, calls := plugin(t, says(fmt.Sprintf(`"token": "said", "expirationTimestamp": %q`, time.Now().Add(test.expires).Format(time.RFC3339))), "")
		authorized(t, a)
		authorized(t, a)
		if calls() != test.want {
			t.Errorf("what expires %s: run %d times for two requests, want %d", test.name, calls(), test.want)
		}
	}
}

func TestExecGivesACertificate(t *testing.T) {
	certificate, key := pem(t)
	quote := func(text string) string {
		data, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	a, calls := plugin(t, "cat <<'END'\n"+fmt.Sprintf(`{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"clientCertificateData": %s, "clientKeyData": %s}}`,
		quote(certificate), quote(key))+"\nEND\n", "")
	shown, err := a.certificate(t.Context())
	if err != nil || len(shown.Certificate) != 1 {
		t.Errorf("got %v, %v", shown, err)
	}
	if got := authorized(t, a).Get("Authorization"); got != "" || calls() != 1 {
		t.Errorf("got the token %q after %d calls, want none after one", got, calls())
	}
}

// A command is told which cluster it is about where it asks, has its environment and its arguments, and no terminal.
func TestExecIsTold(t *testing.T) {
	a, _ := plugin(t, `printf '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%s %s %s"}}' "$1" "$NAME" "$(echo "$KUBERNETES_EXEC_INFO" | base64 -w0 | tr -d =)"`,
		`, args: [one], env: [{name: NAME, value: two}], provideClusterInfo: true`)
	a.cluster.authorities = data{bytes: []byte("x")}
	a.identity.(*executed).cluster = a.cluster
	got := authorized(t, a).Get("Authorization")
	before, encoded, _ := strings.Cut(strings.TrimPrefix(got, "Bearer one "), " ")
	if before != "two" {
		t.Fatalf("got %q, want the argument and the variable", got)
	}
	decoded, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	text := string(decoded)
	want := `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"cluster":{"server":"https://10.0.0.1:6443/prefix","tls-server-name":"kubernetes","certificate-authority-data":"eA=="},"interactive":false}}`
	if strings.TrimSpace(text) != want {
		t.Errorf("told %s\nwant %s", text, want)
	}
}

// What goes wrong with a command says which, and nothing that may be a credential.
func TestExecMistakes(t *testing.T) {
	for name, test := range map[string]struct{ script, more, want string }{
		"it fails":             {"echo no network >&2; exit 3", "", "exit status 3: no network"},
		"no JSON":              {"echo secret", "", "what it says is no JSON"},
		"another version":      {`echo '{"apiVersion": "v9", "kind": "ExecCredential"}'`, "", `it says "ExecCredential" of "v9", and not ExecCredential of "client.authentication.k8s.io/v1"`},
		"nothing":              {says(""), "", "it gives neither a token nor a certificate"},
		"half a pair":          {says(`"clientCertificateData": "secret"`), "", "it gives a certificate without its key, or a key without its certificate"},
		"a broken certificate": {says(`"clientCertificateData": "secret", "clientKeyData": "secret"`), "", "its certificate can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := plugin(t, test.script, test.more)
			_, err := a.token(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "config:20:16: ask ") {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error has what may be a credential in it: %v", err)
			}
		})
	}
	path := write(t, t.TempDir(), "config", strings.Replace(whole, "token: secret, ",
		"exec: {command: no-such-command-of-squall, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, installHint: 'get it there'}, ", 1))
	a, err := Find(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.token(t.Context()); err == nil || !strings.HasSuffix(err.Error(), "; get it there") {
		t.Errorf("a command that is not there: %v, want the hint where to get it", err)
	}
}
