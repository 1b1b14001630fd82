package kubeconfig

import (
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// whole has one of everything, in the order in which tools do not write it.
const whole = `apiVersion: v1
kind: Config
current-context: work
preferences: {}
contexts:
- name: work
  context: {cluster: here, user: me, namespace: team}
- name: plain
  context: {cluster: there, user: nobody}
clusters:
- name: here
  cluster:
    server: https://10.0.0.1:6443/prefix
    tls-server-name: kubernetes
    certificate-authority: ca.crt
- name: there
  cluster: {server: "http://127.0.0.1:8080", proxy-url: "socks5://127.0.0.1:1080"}
users:
- name: me
  user: {token: secret, as: robot, as-uid: "7", as-groups: [a, b], as-user-extra: {Why: [load]}}
- name: nobody
  user: {}
`

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func authorized(t *testing.T, a *Access) http.Header {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.Server.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Authorize(r); err != nil {
		t.Fatal(err)
	}
	return r.Header
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "config", whole)
	a, err := Find(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if a.Server.String() != "https://10.0.0.1:6443/prefix" || a.Namespace != "team" || a.From != `context "work" of `+path {
		t.Errorf("got %s, namespace %s, from %s", a.Server, a.Namespace, a.From)
	}
	want := http.Header{"Authorization": {"Bearer secret"}, "Impersonate-User": {"robot"}, "Impersonate-Uid": {"7"}, "Impersonate-Group": {"a", "b"}, "Impersonate-Extra-Why": {"load"}}
	if diff := cmp.Diff(want, authorized(t, a)); diff != "" {
		t.Error(diff)
	}
	if _, err := a.TLS(); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "ca.crt")) {
		t.Errorf("certificates that are not there: %v, want an error with their path beside the file", err)
	}
	if a, err = Find(Options{Path: path, Context: "plain", Namespace: "given"}); err != nil {
		t.Fatal(err)
	}
	if a.Namespace != "given" || len(authorized(t, a)) != 0 {
		t.Errorf("got namespace %s and headers %v, want the given one and none", a.Namespace, authorized(t, a))
	}
	if proxy, err := a.Proxy(nil); err != nil || proxy.String() != "socks5://127.0.0.1:1080" {
		t.Errorf("proxy %v, %v", proxy, err)
	}
}

// Of several files the first that says a thing counts, and those that are not there are passed over.
func TestFilesAreMerged(t *testing.T) {
	dir := t.TempDir()
	one := write(t, dir, "one", `
current-context: ""
clusters: [{name: here, cluster: {server: "https://first"}}]
users: null
`)
	two := write(t, dir, "two", whole)
	t.Setenv("KUBECONFIG", strings.Join([]string{filepath.Join(dir, "none"), one, "", two}, string(os.PathListSeparator)))
	a, err := Find(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Server.String() != "https://first" || a.Namespace != "team" || authorized(t, a).Get("Authorization") != "Bearer secret" {
		t.Errorf("got %s, %s: want the first file's cluster, and the second's context and user", a.Server, a.Namespace)
	}
}

// Every mistake says where it is, what it is, and what would be right.
func TestMistakes(t *testing.T) {
	for name, test := range map[string]struct{ text, context, want string }{
		"nothing":           {"", "", "no cluster is named: FILE has no contexts; use --kubeconfig, or set KUBECONFIG"},
		"a list":            {"- a\n", "", "FILE:1:1: this is no kubeconfig file: it is a list; give a file with clusters, users and contexts"},
		"no YAML":           {"a: [\n", "", `FILE:1:1: the file is not YAML: did not find expected node content`},
		"no such context":   {whole, "wrok", `there is no context "wrok"; did you mean "work"?`},
		"no context chosen": {strings.Replace(whole, "current-context: work", "", 1), "", "no context is chosen: use --context, with one of plain, work"},
		"no such cluster":   {strings.Replace(whole, "cluster: here", "cluster: heer", 1), "", `FILE:7:12: there is no cluster "heer"; did you mean "here"?`},
		"no such user":      {strings.Replace(whole, "user: me,", "user: zzzzzzz,", 1), "", `FILE:7:12: there is no user "zzzzzzz"; there are me, nobody`},
		"no server":         {strings.Replace(whole, "https://10.0.0.1:6443/prefix", "10.0.0.1:6443", 1), "", `FILE:13:5: cluster "here" is at "10.0.0.1:6443"; write server: https://HOST:PORT`},
		"no base64":         {strings.Replace(whole, "certificate-authority: ca.crt", "certificate-authority-data: '#'", 1), "", "FILE:15:33: certificate-authority-data is not base64; write what `base64 -w0` makes of the file, or name the file with certificate-authority"},
		"half a pair":       {strings.Replace(whole, "token: secret", "client-key: a.key", 1), "", "FILE:20:9: a client certificate needs its key, and a key its certificate; give client-certificate(-data) and client-key(-data)"},
		"an old provider":   {strings.Replace(whole, "token: secret", "auth-provider: {name: gcp}", 1), "", "FILE:20:25: auth-provider was taken out of Kubernetes in version 1.26; use the exec plugin of whoever runs the cluster"},
		"a password":        {strings.Replace(whole, "token: secret", "username: me, password: secret", 1), "", "FILE:20:20: users with passwords were taken out of Kubernetes in version 1.19; use a token, a client certificate or an exec plugin"},
		"exec of no kind":   {strings.Replace(whole, "token: secret", "exec: {command: x}", 1), "", `FILE:20:16: exec speaks ""; use apiVersion: client.authentication.k8s.io/v1 (or v1beta1)`},
		"exec and whom":     {strings.Replace(whole, "token: secret", "exec: {command: x, apiVersion: client.authentication.k8s.io/v1}", 1), "", "FILE:20:16: exec has no interactiveMode; write Never, IfAvailable or Always"},
		"not true nor so":   {strings.Replace(whole, "tls-server-name: kubernetes", "insecure-skip-tls-verify: yes please", 1), "", `FILE:14:31: insecure-skip-tls-verify is "yes please"; write true or false`},
		"a text as a list":  {strings.Replace(whole, "as-groups: [a, b]", "as-groups: a", 1), "", `FILE:20:60: this is "a"; write a list`},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, t.TempDir(), "config", test.text)
			_, err := Find(Options{Path: path, Context: test.context})
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.ReplaceAll(err.Error(), path, "FILE")
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if strings.Contains(got, "secret") {
				t.Errorf("the error has a credential in it: %s", got)
			}
		})
	}
	if _, err := Find(Options{Path: filepath.Join(t.TempDir(), "none")}); err == nil || !strings.Contains(err.Error(), "none: no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// A pod's token is read anew for each request: the kubelet renews it.
func TestPod(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
	t.Setenv("KUBERNETES_SERVICE_PORT", "443")
	if _, err := pod(dir); err == nil || !strings.Contains(err.Error(), "automountServiceAccountToken") {
		t.Errorf("a pod without a token: %v", err)
	}
	write(t, dir, "token", "one\n")
	write(t, dir, "namespace", "team")
	a, err := pod(dir)
	if err != nil {
		t.Fatal(err)
	}
	if a.Server.String() != "https://[fd00::1]:443" || a.Namespace != "team" || authorized(t, a).Get("Authorization") != "Bearer one" {
		t.Errorf("got %s, %s, %v", a.Server, a.Namespace, authorized(t, a))
	}
	write(t, dir, "token", "two")
	if got := authorized(t, a).Get("Authorization"); got != "Bearer two" || !a.Refused() {
		t.Errorf("got %s, and a refusal is the end: %v", got, !a.Refused())
	}
}

func TestGivenCertificateIsRead(t *testing.T) {
	certificate, key := pem(t)
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	dir := t.TempDir()
	write(t, dir, "me.key", key)
	path := write(t, dir, "config", strings.NewReplacer("token: secret", "client-certificate-data: "+encode(certificate)+", client-key: me.key",
		"certificate-authority: ca.crt", "certificate-authority-data: "+encode(certificate)).Replace(whole))
	a, err := Find(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	trust, err := a.TLS()
	if err != nil {
		t.Fatal(err)
	}
	shown, err := a.certificate(context.Background())
	if err != nil || len(shown.Certificate) != 1 || trust.ServerName != "kubernetes" || trust.RootCAs == nil {
		t.Errorf("got %v, %v, trusting %v as %s", shown, err, trust.RootCAs, trust.ServerName)
	}
}
