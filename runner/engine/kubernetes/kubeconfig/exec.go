package kubeconfig

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/squallhq/squall/scenarios/source"
)

// command is one that says who its user is: an exec credential plugin.
type command struct {
	name, version, hint string
	args, env           []string
	// cluster tells whether it wants to know which cluster it is about.
	cluster     bool
	interactive string // Never, IfAvailable or Always
	at          source.Position
}

// The versions of what a command says.
const (
	version1  = "client.authentication.k8s.io/v1"
	version1b = "client.authentication.k8s.io/v1beta1"
)

func (r *reader) command(v *source.Value) *command {
	c := &command{
		name: r.at(v, "command"), version: r.at(v, "apiVersion"), hint: r.at(v, "installHint"), args: r.texts(v.Get("args")),
		cluster: r.flag(v, "provideClusterInfo"), interactive: r.at(v, "interactiveMode"), at: r.position(v.At),
	}
	if strings.ContainsRune(c.name, '/') { // as a shell has it: a name alone is looked for in the path
		c.name = r.path(c.name)
	}
	r.each(v.Get("env"), func(e *source.Value) { c.env = append(c.env, r.at(e, "name")+"="+r.at(e, "value")) })
	switch {
	case c.name == "":
		r.fail(v.At, "exec has no command", "name the program that gives credentials")
	case c.version != version1 && c.version != version1b:
		r.fail(v.At, fmt.Sprintf("exec speaks %q", c.version), "use apiVersion: "+version1+" (or v1beta1)")
	case c.interactive == "" && c.version == version1:
		r.fail(v.At, "exec has no interactiveMode", "write Never, IfAvailable or Always")
	case c.interactive == "":
		c.interactive = "IfAvailable"
	case !slices.Contains([]string{"Never", "IfAvailable", "Always"}, c.interactive):
		r.fail(v.At, fmt.Sprintf("interactiveMode is %q", c.interactive), "write Never, IfAvailable or Always")
	}
	return c
}

// executed is what a command has said, which is kept until it expires or the server refuses it.
type executed struct {
	command command
	cluster cluster

	mu   sync.Mutex
	said *credential
	// fresh tells that nothing of what was said has been refused yet.
	fresh bool
}

var _ identity = (*executed)(nil)

type credential struct {
	token       string
	certificate *tls.Certificate
	expires     time.Time // zero: never
}

// early is how long before they expire credentials are asked for anew.
const early = 10 * time.Second

func (e *executed) token(ctx context.Context) (string, error) {
	c, err := e.credential(ctx)
	if err != nil {
		return "", err
	}
	return c.token, nil
}

func (e *executed) certificate(ctx context.Context) (*tls.Certificate, error) {
	c, err := e.credential(ctx)
	if err != nil {
		return nil, err
	}
	return c.certificate, nil
}

func (e *executed) refused() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.said = nil
	again := e.fresh
	e.fresh = false
	return again
}

// credential is what was said last, or what the command says now. Who comes meanwhile waits for it.
func (e *executed) credential(ctx context.Context) (*credential, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.said != nil && (e.said.expires.IsZero() || time.Until(e.said.expires) > early) {
		e.fresh = true
		return e.said, nil
	}
	said, err := e.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: ask %s for credentials: %w", e.command.at, e.command.name, err)
	}
	e.said = said
	return said, nil
}

// spec is what a command is told about the cluster, by an environment variable.
type spec struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		Cluster     *clusterInfo `json:"cluster,omitempty"`
		Interactive bool         `json:"interactive"`
	} `json:"spec"`
}

type clusterInfo struct {
	Server     string `json:"server"`
	ServerName string `json:"tls-server-name,omitempty"`
	Insecure   bool   `json:"insecure-skip-tls-verify,omitempty"`
	Authority  []byte `json:"certificate-authority-data,omitempty"`
	Proxy      string `json:"proxy-url,omitempty"`
	Config     any    `json:"config,omitempty"`
}

// answer is what it says.
type answer struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Status     *struct {
		Expires     *time.Time `json:"expirationTimestamp"`
		Token       string     `json:"token"`
		Certificate string     `json:"clientCertificateData"`
		Key         string     `json:"clientKeyData"`
	} `json:"status"`
}

func (e *executed) run(ctx context.Context) (*credential, error) {
	c := e.command
	people := c.interactive != "Never" && term.IsTerminal(int(os.Stdin.Fd()))
	if c.interactive == "Always" && !people {
		return nil, errors.New("it wants to ask somebody (interactiveMode: Always), and nobody is there: standard input is no terminal")
	}
	told := spec{APIVersion: c.version, Kind: "ExecCredential"}
	told.Spec.Interactive = people
	if c.cluster {
		info, err := e.cluster.info()
		if err != nil {
			return nil, err
		}
		told.Spec.Cluster = info
	}
	text, err := json.Marshal(told)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, c.name, c.args...)
	command.Env = slices.Concat(os.Environ(), c.env, []string{"KUBERNETES_EXEC_INFO=" + string(text)})
	if people {
		command.Stdin = os.Stdin
	}
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		if (errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)) && c.hint != "" {
			return nil, fmt.Errorf("%w; %s", err, strings.TrimSpace(c.hint))
		}
		if said := strings.TrimSpace(problems.String()); said != "" {
			return nil, fmt.Errorf("%w: %s", err, source.Shorten(said))
		}
		return nil, err
	}
	return c.understand(out.Bytes())
}

// understand reads what a command has said. What it said stands in no error: it may be a credential.
func (c command) understand(out []byte) (*credential, error) {
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		return nil, errors.New("what it says is no JSON")
	}
	switch {
	case a.Kind != "ExecCredential" || a.APIVersion != c.version:
		return nil, fmt.Errorf("it says %s of %q, and not ExecCredential of %q", source.QuoteShort(a.Kind), a.APIVersion, c.version)
	case a.Status == nil || a.Status.Token == "" && a.Status.Certificate == "":
		return nil, errors.New("it gives neither a token nor a certificate")
	case (a.Status.Certificate == "") != (a.Status.Key == ""):
		return nil, errors.New("it gives a certificate without its key, or a key without its certificate")
	}
	said := &credential{token: a.Status.Token}
	if a.Status.Expires != nil {
		said.expires = *a.Status.Expires
	}
	if a.Status.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(a.Status.Certificate), []byte(a.Status.Key))
		if err != nil {
			return nil, fmt.Errorf("its certificate can't be read: %w", err)
		}
		said.certificate = &pair
	}
	return said, nil
}

// info is what a command that asks for it is told of the cluster.
func (k cluster) info() (*clusterInfo, error) {
	authorities, err := k.authorities.read()
	if err != nil {
		return nil, fmt.Errorf("read whom the cluster's certificates are from: %w", err)
	}
	return &clusterInfo{
		Server: k.server, ServerName: k.serverName, Insecure: k.insecure, Authority: authorities, Proxy: k.proxy, Config: plain(k.extension),
	}, nil
}

// plain is a tree as JSON has it.
func plain(v *source.Value) any {
	switch {
	case v == nil || v.IsNull():
		return nil
	case v.Kind == source.List:
		out := []any{}
		for _, item := range v.Items {
			out = append(out, plain(item))
		}
		return out
	case v.Kind == source.Mapping:
		out := map[string]any{}
		for _, e := range v.Entries {
			out[e.Key] = plain(e.Value)
		}
		return out
	case v.Tag == source.TagText:
		return v.Text
	}
	var out any
	if json.Unmarshal([]byte(v.Text), &out) != nil {
		return v.Text // a number that JSON spells in another way
	}
	return out
}
