package kubetest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kubeconfig"
)

// Fake is an API server in memory, with objects and nothing that acts on them: no pod ever runs, and what is owned goes with nobody; a new
// namespace alone gets an account for its pods. It makes, reads, lists, watches, patches (by merge) and deletes objects of any kind, with ids
// and resource versions.
type Fake struct {
	// Allow tells which requests are allowed, by their verb and what they are about ("create", "namespaces/shop/pods"); nil: all.
	Allow func(verb, what string) bool
	// May is Allow for others, by their names, where somebody asks what those may; nil: all.
	May func(who, verb, what string) bool
	// Deny refuses with a message of the server's own, such as an admission's; "" lets it through.
	Deny func(verb, what string) string
	// Forward connects to a port of a pod; nil: none can be forwarded. Log is what a container has said so far; nil: there are no logs.
	Forward func(pod string, port int) (net.Conn, error)
	Log     func(pod, container string) string

	url     string
	mu      sync.Mutex
	changed chan struct{} // closed and made anew with each change
	number  int
	objects map[string]map[string]any // by path
	history []change
	asked   []string
}

// change is one event of a watch.
type change struct {
	kind, folder string
	version      int
	object       map[string]any
}

// NewFake serves one until the test's end.
func NewFake(t testing.TB) *Fake {
	t.Helper()
	f := &Fake{objects: map[string]map[string]any{}, changed: make(chan struct{})}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// Kubeconfig is a file by which it is reached, in a namespace.
func (f *Fake) Kubeconfig(t testing.TB, namespace string) string {
	t.Helper()
	return kubeconfigOf(t, f.url, namespace)
}

func kubeconfigOf(t testing.TB, url, namespace string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf(`{current-context: c, contexts: [{name: c, context: {cluster: k, namespace: %q}}], clusters: [{name: k, cluster: {server: %q}}]}`, namespace, url)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Client speaks to it, in a namespace.
func (f *Fake) Client(t testing.TB, namespace string) *apiserver.Client {
	t.Helper()
	return open(t, f.url, namespace, time.Second)
}

// Serve serves answers that stand in for an API server's until the test's end, and returns who speaks to them, in a namespace.
func Serve(t testing.TB, answers http.Handler, namespace string) *apiserver.Client {
	t.Helper()
	server := httptest.NewServer(answers)
	t.Cleanup(server.Close)
	return open(t, server.URL, namespace, 0)
}

func open(t testing.TB, url, namespace string, patience time.Duration) *apiserver.Client {
	t.Helper()
	c, err := apiserver.Open(apiserver.Options{Options: kubeconfig.Options{Path: kubeconfigOf(t, url, namespace)}, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Put puts an object in place, as if somebody had made it; path is as in "namespaces/shop/services/cart".
func (f *Fake) Put(path string, object any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put(path, plainly(object))
}

// Paths are those of all objects there are, in order.
func (f *Fake) Paths() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.objects))
}

// Object is one of them, as JSON has it; nil: there is none.
func (f *Fake) Object(path string) map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return plainly(f.objects[path])
}

// Asked are the requests so far: verbs and paths, but for reads.
func (f *Fake) Asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// plainly is a copy of any value as JSON has it.
func plainly(v any) (out map[string]any) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		panic(err) // a test's own object
	}
	return out
}

// put keeps an object, with a version of its own; mu is held.
func (f *Fake) put(path string, o map[string]any) {
	f.number++
	kind := "MODIFIED"
	meta, _ := o["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		o["metadata"] = meta
	}
	if f.objects[path] == nil {
		kind = "ADDED"
		parts := strings.Split(path, "/")
		meta["name"], meta["uid"], meta["creationTimestamp"] = parts[len(parts)-1], "uid-"+strconv.Itoa(f.number), time.Now().UTC().Format(time.RFC3339)
		if parts[0] == "namespaces" && len(parts) > 2 {
			meta["namespace"] = parts[1]
		}
	}
	meta["resourceVersion"] = strconv.Itoa(f.number)
	f.objects[path] = o
	f.tell(kind, path)
}

func (f *Fake) tell(kind, path string) {
	folder, _ := split(path)
	f.history = append(f.history, change{kind: kind, folder: folder, version: f.number, object: plainly(f.objects[path])})
	close(f.changed)
	f.changed = make(chan struct{})
}

// split is a path without its last part, and that.
func split(path string) (folder, name string) {
	at := strings.LastIndexByte(path, '/')
	return path[:max(at, 0)], path[at+1:]
}

// verbs are what requests are called.
var verbs = map[string]string{http.MethodGet: "get", http.MethodPost: "create", http.MethodPatch: "patch", http.MethodDelete: "delete"}

// ServeHTTP answers as an API server does.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	path := r.URL.Path
	if path == "/version" {
		_ = json.NewEncoder(w).Encode(map[string]string{"gitVersion": "v1.34.4"})
		return
	}
	path = strings.TrimPrefix(path, "/api/v1/")
	if rest, is := strings.CutPrefix(path, "/apis/"); is {
		path = strings.SplitN(rest, "/", 3)[2] // without group and version: plurals are told apart as they are
	}
	verb := verbs[r.Method]
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	f.mu.Lock()
	_, last := split(path)
	if verb != "get" && !strings.HasSuffix(last, "accessreviews") {
		f.asked = append(f.asked, verb+" "+path)
	}
	f.mu.Unlock()
	switch {
	case path == "selfsubjectaccessreviews":
		f.review(w, body)
	case f.Allow != nil && !f.Allow(verb, path):
		refuse(w, http.StatusForbidden, "Forbidden", fmt.Sprintf("%s %s is forbidden", verb, path))
	case f.Deny != nil && f.Deny(verb, path) != "":
		refuse(w, http.StatusForbidden, "Forbidden", f.Deny(verb, path))
	case last == "localsubjectaccessreviews":
		f.review(w, body)
	case r.URL.Query().Get("watch") == "true":
		f.watch(w, r, path)
	case f.Forward != nil && strings.HasSuffix(path, "/portforward"):
		f.forward(w, r, path)
	case f.Log != nil && strings.HasSuffix(path, "/log"):
		_, _ = io.WriteString(w, f.Log(strings.Split(path, "/")[3], r.URL.Query().Get("container")))
	default:
		f.serve(w, r, path, body)
	}
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "code": code, "reason": reason, "message": message})
}

// serve answers all but watches.
func (f *Fake) serve(w http.ResponseWriter, r *http.Request, path string, body map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var answer any
	switch r.Method {
	case http.MethodPost:
		meta, _ := body["metadata"].(map[string]any)
		path += "/" + fmt.Sprint(meta["name"])
		if f.objects[path] != nil {
			refuse(w, http.StatusConflict, "AlreadyExists", path+" already exists")
			return
		}
		if r.URL.Query().Has("dryRun") {
			answer = body
			break
		}
		f.put(path, body)
		answer = f.objects[path]
		if folder, _ := split(path); folder == "namespaces" {
			f.put(path+"/serviceaccounts/default", map[string]any{})
		}
	case http.MethodGet:
		if collection(path) {
			answer = f.listed(path, r.URL.Query().Get("labelSelector"), r.URL.Query().Get("fieldSelector"))
			break
		}
		fallthrough
	default:
		o := f.objects[path]
		if o == nil {
			refuse(w, http.StatusNotFound, "NotFound", path+" not found")
			return
		}
		if code, reason := f.change(r, path, o, body); code != 0 {
			refuse(w, code, reason, path+" is another one")
			return
		}
		answer = o
		if now := f.objects[path]; now != nil {
			answer = now
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// change patches or deletes an object.
func (f *Fake) change(r *http.Request, path string, o, body map[string]any) (code int, reason string) {
	meta := o["metadata"].(map[string]any)
	wanted := body
	if r.Method == http.MethodDelete {
		wanted = map[string]any{"metadata": body["preconditions"]}
	}
	if m, _ := wanted["metadata"].(map[string]any); m != nil {
		for _, key := range []string{"uid", "resourceVersion"} {
			if m[key] != nil && m[key] != meta[key] {
				return http.StatusConflict, "Conflict"
			}
		}
	}
	switch r.Method {
	case http.MethodPatch:
		f.put(path, merged(plainly(o), body))
	case http.MethodDelete:
		f.number++
		meta["resourceVersion"] = strconv.Itoa(f.number)
		f.tell("DELETED", path)
		delete(f.objects, path)
		if folder, _ := split(path); folder == "namespaces" {
			maps.DeleteFunc(f.objects, func(p string, _ map[string]any) bool { return strings.HasPrefix(p, path+"/") })
		}
	}
	return 0, ""
}

// merged is RFC 7396's merge patch; maps that it empties go, as an API server leaves them out.
func merged(o, patch map[string]any) map[string]any {
	for key, value := range patch {
		into, isMap := value.(map[string]any)
		was, _ := o[key].(map[string]any)
		switch {
		case value == nil:
			delete(o, key)
		case isMap:
			if was == nil {
				was = map[string]any{}
			}
			if o[key] = merged(was, into); len(was) == 0 {
				delete(o, key)
			}
		default:
			o[key] = value
		}
	}
	return o
}

// collection tells whether a path is of all objects of a kind.
func collection(path string) bool {
	parts := strings.Split(path, "/")
	return len(parts) == 1 || len(parts) == 3 && parts[0] == "namespaces"
}

func (f *Fake) listed(folder, labels, fields string) map[string]any {
	items := []any{}
	for _, path := range slices.Sorted(maps.Keys(f.objects)) {
		if in, _ := split(path); (in == folder || !strings.Contains(folder, "/") && folder != "namespaces" && strings.HasSuffix(in, "/"+folder)) && chosen(f.objects[path], labels, fields) {
			items = append(items, f.objects[path])
		}
	}
	return map[string]any{"metadata": map[string]any{"resourceVersion": strconv.Itoa(f.number)}, "items": items}
}

// chosen tells whether selectors choose an object: labels that are there or have a value, and its name.
func chosen(o map[string]any, labels, fields string) bool {
	meta, _ := o["metadata"].(map[string]any)
	has, _ := meta["labels"].(map[string]any)
	for _, one := range strings.Split(labels, ",") {
		key, value, says := strings.Cut(one, "=")
		if key != "" && (has[key] == nil || says && has[key] != value) {
			return false
		}
	}
	name, is := strings.CutPrefix(fields, "metadata.name=")
	return !is || meta["name"] == name
}

// watch tells what changes from a version on, until who watches goes.
func (f *Fake) watch(w http.ResponseWriter, r *http.Request, folder string) {
	from, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	out := json.NewEncoder(w)
	for at := 0; ; {
		f.mu.Lock()
		next, changed := f.history[at:], f.changed
		at = len(f.history)
		f.mu.Unlock()
		for _, c := range next {
			if c.folder == folder && c.version > from && chosen(c.object, r.URL.Query().Get("labelSelector"), r.URL.Query().Get("fieldSelector")) {
				_ = out.Encode(map[string]any{"type": c.kind, "object": c.object})
			}
		}
		w.(http.Flusher).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}
