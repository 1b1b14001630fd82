package kubeconfig

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/squallhq/squall/scenarios/source"
)

// file is what one or several kubeconfig files say.
type file struct {
	context  string // the current one
	at       source.Position
	clusters map[string]cluster
	users    map[string]user
	contexts map[string]choice
}

// choice is a context: a cluster with a user.
type choice struct {
	cluster, user, namespace string
	at                       source.Position
}

type cluster struct {
	server, serverName, proxy string
	authorities               data
	insecure                  bool
	// extension is what the cluster says to a command that gives credentials.
	extension *source.Value
	at        source.Position
}

type user struct {
	token, tokenFile string
	certificate, key data
	as               impersonation
	exec             *command
	at               source.Position
}

// data is what is there itself, or in a file.
type data struct {
	bytes []byte
	file  string
}

func (d data) none() bool { return d.bytes == nil && d.file == "" }

// impersonation is whom a user acts as.
type impersonation struct {
	user, uid string
	groups    []string
	extra     map[string][]string
}

func newFile() *file {
	return &file{clusters: map[string]cluster{}, users: map[string]user{}, contexts: map[string]choice{}}
}

// add takes what another file says and this does not yet.
func (f *file) add(more *file) {
	if f.context == "" {
		f.context, f.at = more.context, more.at
	}
	addTo(f.clusters, more.clusters)
	addTo(f.users, more.users)
	addTo(f.contexts, more.contexts)
}

func addTo[T any](all, more map[string]T) {
	for name, value := range more {
		if _, there := all[name]; !there {
			all[name] = value
		}
	}
}

// reader reads one file; the first mistake is the one that is told.
type reader struct {
	name string
	err  error
}

func (r *reader) position(at source.Place) source.Position {
	return source.Position{File: r.name, Line: at.Line, Column: at.Column}
}

func (r *reader) fail(at source.Place, what, fix string) {
	if r.err == nil {
		r.err = source.Problem{Position: r.position(at), What: what, Fix: fix}
	}
}

// parse reads one file. Names of files in it are relative to its folder. Keys that are not known are left aside, as kubectl does.
func parse(name string, text []byte) (*file, error) {
	f := newFile()
	if strings.TrimSpace(string(text)) == "" {
		return f, nil // as one is that was just made
	}
	tree, problems := source.ReadAsIs(name, text)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	r := &reader{name: name}
	if tree.IsNull() {
		return f, nil
	}
	if tree.Kind != source.Mapping {
		r.fail(tree.At, "this is no kubeconfig file: it is "+tree.What(), "give a file with clusters, users and contexts")
		return nil, r.err
	}
	if v := tree.Get("current-context"); v != nil {
		f.context, f.at = r.text(v), r.position(v.At)
	}
	r.named(tree, "clusters", "cluster", func(name string, v *source.Value) { f.clusters[name] = r.cluster(v) })
	r.named(tree, "users", "user", func(name string, v *source.Value) { f.users[name] = r.user(v) })
	r.named(tree, "contexts", "context", func(name string, v *source.Value) {
		f.contexts[name] = choice{r.at(v, "cluster"), r.at(v, "user"), r.at(v, "namespace"), r.position(v.At)}
	})
	if r.err != nil {
		return nil, r.err
	}
	return f, nil
}

// named reads a list of things with names: [{name: NAME, KEY: VALUE}]. Of two of one name the first one counts.
func (r *reader) named(tree *source.Value, list, key string, take func(name string, v *source.Value)) {
	all := tree.Get(list)
	if all == nil || all.IsNull() {
		return
	}
	if all.Kind != source.List {
		r.fail(all.At, list+" is "+all.What(), fmt.Sprintf("write a list of {name: NAME, %s: {...}}", key))
		return
	}
	seen := map[string]bool{}
	for _, item := range all.Items {
		name := r.at(item, "name")
		v := item.Get(key)
		if name == "" || seen[name] || v == nil || v.IsNull() {
			continue
		}
		seen[name] = true
		if v.Kind != source.Mapping {
			r.fail(v.At, fmt.Sprintf("%s %q is %s", key, name, v.What()), "write its keys below it")
			continue
		}
		take(name, v)
	}
}

func (r *reader) cluster(v *source.Value) cluster {
	c := cluster{
		server: r.at(v, "server"), serverName: r.at(v, "tls-server-name"), proxy: r.at(v, "proxy-url"),
		insecure: r.flag(v, "insecure-skip-tls-verify"), authorities: r.data(v, "certificate-authority"), at: r.position(v.At),
	}
	r.each(v.Get("extensions"), func(e *source.Value) {
		if r.at(e, "name") == "client.authentication.k8s.io/exec" {
			c.extension = e.Get("extension")
		}
	})
	return c
}

func (r *reader) user(v *source.Value) user {
	u := user{
		token: r.at(v, "token"), tokenFile: r.path(r.at(v, "tokenFile")),
		certificate: r.data(v, "client-certificate"), key: r.data(v, "client-key"),
		as: impersonation{user: r.at(v, "as"), uid: r.at(v, "as-uid"), groups: r.texts(v.Get("as-groups"))}, at: r.position(v.At),
	}
	if extra := v.Get("as-user-extra"); extra != nil && extra.Kind == source.Mapping {
		u.as.extra = map[string][]string{}
		for _, e := range extra.Entries {
			u.as.extra[e.Key] = r.texts(e.Value)
		}
	}
	if p := v.Get("auth-provider"); p != nil && !p.IsNull() {
		r.fail(p.At, "auth-provider was taken out of Kubernetes in version 1.26", "use the exec plugin of whoever runs the cluster")
	}
	if p := v.Get("username"); p != nil && !p.IsNull() {
		r.fail(p.At, "users with passwords were taken out of Kubernetes in version 1.19", "use a token, a client certificate or an exec plugin")
	}
	if e := v.Get("exec"); e != nil && !e.IsNull() {
		u.exec = r.command(e)
	}
	return u
}

// path is that of a file that a kubeconfig file names.
func (r *reader) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(r.name), name)
}
