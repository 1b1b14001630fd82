package kubeconfig

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/scenarios/source"
)

// Access is how one cluster is reached, and as whom. It is safe for concurrent use.
type Access struct {
	// Server is the API server's address, such as https://10.0.0.1:6443; it may have a path.
	Server *url.URL
	// Namespace is the one to work in where nothing else is said.
	Namespace string
	// From says where all this was found, for people.
	From string

	cluster cluster
	as      impersonation
	identity
}

// identity is how a user shows who it is: a token, or a certificate, or both.
type identity interface {
	// token may be empty.
	token(ctx context.Context) (string, error)
	// certificate may be nil.
	certificate(ctx context.Context) (*tls.Certificate, error)
	// refused says that the server did not take what was given last; renewed, that it is worth another try.
	refused() (renewed bool)
}

// access is what a context comes to.
func (f *file) access(o Options) (*Access, error) {
	name, at := f.context, f.at
	if o.Context != "" {
		name, at = o.Context, source.Position{}
	}
	if name == "" {
		return nil, fmt.Errorf("no context is chosen: use --context, with one of %s", source.ShortList(slices.Sorted(maps.Keys(f.contexts))))
	}
	c, there := f.contexts[name]
	if !there {
		return nil, unknown(at, "context", name, f.contexts)
	}
	k, there := f.clusters[c.cluster]
	if !there {
		return nil, unknown(c.at, "cluster", c.cluster, f.clusters)
	}
	u, there := f.users[c.user]
	if !there && c.user != "" {
		return nil, unknown(c.at, "user", c.user, f.users)
	}
	server, err := url.Parse(k.server)
	if err != nil || server.Host == "" || server.Scheme != "https" && server.Scheme != "http" {
		return nil, problem(k.at, fmt.Sprintf("cluster %q is at %q", c.cluster, k.server), "write server: https://HOST:PORT")
	}
	a := &Access{Server: server, Namespace: o.Namespace, From: fmt.Sprintf("context %q of %s", name, c.at.File), cluster: k, as: u.as}
	if a.Namespace == "" {
		a.Namespace = c.namespace
	}
	if a.Namespace == "" {
		a.Namespace = defaultNamespace
	}
	if a.identity, err = u.identity(k); err != nil {
		return nil, err
	}
	return a, nil
}

// unknown is a name that nothing has.
func unknown[T any](at source.Position, kind, name string, all map[string]T) error {
	names := slices.Sorted(maps.Keys(all))
	fix := "there is none of that kind"
	if near := source.Nearest(name, names); near != "" {
		fix = fmt.Sprintf("did you mean %q?", near)
	} else if len(names) > 0 {
		fix = "there are " + source.ShortList(names)
	}
	what := fmt.Sprintf("there is no %s %q", kind, name)
	if at.File == "" {
		return fmt.Errorf("%s; %s", what, fix)
	}
	return problem(at, what, fix)
}

func problem(at source.Position, what, fix string) error {
	return source.Problem{Position: at, What: what, Fix: fix}
}

// identity is how a user of a cluster shows who it is. A command goes before all else, and a token before the file of one, as with kubectl.
func (u user) identity(k cluster) (identity, error) {
	if u.exec != nil {
		return &executed{command: *u.exec, cluster: k}, nil
	}
	if !u.certificate.none() && u.key.none() || u.certificate.none() && !u.key.none() {
		return nil, problem(u.at, "a client certificate needs its key, and a key its certificate", "give client-certificate(-data) and client-key(-data)")
	}
	return &given{user: u}, nil
}

// given is what a file says itself, or by the names of files. These are read again, since others renew them.
type given struct{ user user }

var _ identity = (*given)(nil)

func (g *given) token(context.Context) (string, error) {
	if g.user.token != "" || g.user.tokenFile == "" {
		return g.user.token, nil
	}
	text, err := os.ReadFile(g.user.tokenFile)
	if err != nil {
		return "", fmt.Errorf("read the token of the cluster's user: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (g *given) certificate(context.Context) (*tls.Certificate, error) {
	if g.user.certificate.none() {
		return nil, nil
	}
	certificate, err := g.user.certificate.read()
	if err != nil {
		return nil, fmt.Errorf("read the client certificate of the cluster's user: %w", err)
	}
	key, err := g.user.key.read()
	if err != nil {
		return nil, fmt.Errorf("read the client key of the cluster's user: %w", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("read the client certificate of the cluster's user: %w", err)
	}
	return &pair, nil
}

// refused: a file of a token may have another one by now.
func (g *given) refused() bool { return g.user.token == "" && g.user.tokenFile != "" }

func (d data) read() ([]byte, error) {
	if d.file == "" {
		return d.bytes, nil
	}
	return os.ReadFile(d.file)
}

// Authorize puts on a request who makes it.
func (a *Access) Authorize(r *http.Request) error {
	token, err := a.token(r.Context())
	if err != nil {
		return err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if a.as.user == "" {
		return nil
	}
	r.Header.Set("Impersonate-User", a.as.user)
	if a.as.uid != "" {
		r.Header.Set("Impersonate-Uid", a.as.uid)
	}
	r.Header["Impersonate-Group"] = a.as.groups
	for key, values := range a.as.extra {
		r.Header[http.CanonicalHeaderKey("Impersonate-Extra-"+url.QueryEscape(strings.ToLower(key)))] = values
	}
	return nil
}

// Refused is told when the server answers that it does not know who asks (401). It is true where another try has another token or certificate.
func (a *Access) Refused() bool { return a.refused() }

// certificateTime is how long a command may take that gives a certificate while a connection is made.
const certificateTime = time.Minute

// TLS is whom to trust, and the certificate to show.
func (a *Access) TLS() (*tls.Config, error) {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: a.cluster.serverName, InsecureSkipVerify: a.cluster.insecure,
		GetClientCertificate: func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			ctx, cancel := context.WithTimeout(info.Context(), certificateTime)
			defer cancel()
			certificate, err := a.certificate(ctx)
			if certificate == nil && err == nil {
				certificate = new(tls.Certificate) // none
			}
			return certificate, err
		},
	}
	if a.cluster.insecure && !a.cluster.authorities.none() {
		return nil, problem(a.cluster.at, "a cluster's certificates are to be taken unseen, and those to trust are named", "leave out insecure-skip-tls-verify")
	}
	// What can't be read is told now, and not when the first connection is made.
	if g, is := a.identity.(*given); is {
		if _, err := g.certificate(context.Background()); err != nil {
			return nil, err
		}
	}
	if a.cluster.authorities.none() {
		return c, nil
	}
	authorities, err := a.cluster.authorities.read()
	if err != nil {
		return nil, fmt.Errorf("read whom a cluster's certificates are from: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(authorities) {
		return nil, problem(a.cluster.at, "certificate-authority has no certificate", "give a file of PEM blocks")
	}
	return c, nil
}

// Proxy is by what proxy a request goes; the environment's rules hold where the file names none.
func (a *Access) Proxy(r *http.Request) (*url.URL, error) {
	if a.cluster.proxy == "" {
		return http.ProxyFromEnvironment(r)
	}
	proxy, err := url.Parse(a.cluster.proxy)
	if err != nil || proxy.Host == "" {
		return nil, errors.Join(problem(a.cluster.at, fmt.Sprintf("proxy-url is %q", a.cluster.proxy), "write http://HOST:PORT, https://... or socks5://..."), err)
	}
	return proxy, nil
}
