package apiserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/kubeconfig"
)

// speaker says lines when it is told to, over HTTP, and echoes what it is sent.
const speaker = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	fmt.Println("begun as", os.Getuid())
	http.HandleFunc("/say/", func(w http.ResponseWriter, r *http.Request) { fmt.Println(r.URL.Path[5:]) })
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	http.HandleFunc("/end", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	fmt.Println(http.ListenAndServe(":8080", nil))
}
`

// speaking is a pod with a speaker, that runs.
func speaking(t *testing.T, k *kubetest.Kubernetes, c *apiserver.Client) kinds.Pod {
	t.Helper()
	image := k.Image(t, "squall-speaker", squallbin.Program(t, speaker, "0"))
	if err := c.Create(t.Context(), apiserver.Pods, kubetest.Restricted("speaker", image), nil); err != nil {
		t.Fatal(err)
	}
	return kubetest.Await(t, c, apiserver.Pods, "speaker", func(p kinds.Pod) bool { return p.Status.Phase == "Running" })
}

// overForward is HTTP to a port of a pod.
func overForward(t *testing.T, c *apiserver.Client, pod string, port int) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return c.Forward(ctx, pod, port) }}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// get asks until somebody answers: a program that runs may not listen yet.
func get(t *testing.T, client *http.Client, path, body string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://pod"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err == nil {
			defer response.Body.Close()
			data, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// A pod is made, found, changed, listened to, spoken to and removed.
func TestPodOnACluster(t *testing.T) {
	t.Parallel()
	k := kubetest.Own(t)
	c := k.Namespace(t)
	if version, err := c.Version(t.Context()); err != nil || !strings.HasPrefix(version, "v1.") {
		t.Fatalf("version %q, %v", version, err)
	}
	pod := speaking(t, k, c)
	if pod.Status.PodIP == "" || pod.Spec.NodeName == "" {
		t.Errorf("it runs at %q on %q", pod.Status.PodIP, pod.Spec.NodeName)
	}
	http := overForward(t, c, "speaker", 8080)
	sent := strings.Repeat("0123456789", 100_000)
	if got := get(t, http, "/echo", sent); got != sent {
		t.Errorf("of %d bytes came %d back", len(sent), len(got))
	}
	get(t, http, "/say/heard", "")
	logs, err := c.Logs(t.Context(), "speaker", apiserver.LogOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	lines := bufio.NewScanner(logs)
	var heard []string
	for lines.Scan() {
		heard = append(heard, lines.Text())
		if lines.Text() == "heard" {
			get(t, http, "/say/while-followed", "")
		}
		if lines.Text() == "while-followed" {
			break
		}
	}
	if want := "begun as 65532\nheard\nwhile-followed"; strings.Join(heard, "\n") != want {
		t.Errorf("heard %q, want %q", heard, want)
	}
	patch := map[string]any{"metadata": map[string]any{"labels": map[string]string{"changed": "yes"}}}
	var changed kinds.Pod
	if err := c.Patch(t.Context(), apiserver.Pods, "speaker", "", patch, &changed); err != nil || changed.Metadata.Labels["changed"] != "yes" {
		t.Errorf("changed %+v, %v", changed.Metadata, err)
	}
	if found, err := apiserver.List[kinds.Pod](t.Context(), c, apiserver.Pods, apiserver.Query{Labels: "changed=yes"}); err != nil || len(found) != 1 {
		t.Errorf("found %d by the label, %v", len(found), err)
	}
	if events, err := c.EventsOf(t.Context(), pod.Metadata.UID); err != nil || len(events) == 0 {
		t.Errorf("%d events, %v", len(events), err)
	}
	if err := c.Delete(t.Context(), apiserver.Pods, "speaker", apiserver.Deletion{Now: true}); err != nil {
		t.Error(err)
	}
	kubetest.Gone(t, c, apiserver.Pods, "speaker")
}

// Nobody who listens is an error with the reason, as is a pod that is not there; and a pod's end is the end of its connections.
func TestForwardOnACluster(t *testing.T) {
	t.Parallel()
	k := kubetest.Own(t)
	c := k.Namespace(t)
	speaking(t, k, c)
	get(t, overForward(t, c, "speaker", 8080), "/echo", "") // it listens
	if _, err := c.Forward(t.Context(), "nobody", 8080); !errors.Is(err, apiserver.ErrNotFound) {
		t.Errorf("no such pod: %v", err)
	}
	conn, err := c.Forward(t.Context(), "speaker", 8081)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.ReadAll(conn); err == nil || !strings.Contains(err.Error(), "8081") {
		t.Errorf("nobody listens on 8081: %v", err)
	}
	held, err := c.Forward(t.Context(), "speaker", 8080)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, err := io.WriteString(held, "POST /end HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(held); len(data) != 0 {
		t.Errorf("a program that ended said %q, %v", data, err)
	}
	ended := kubetest.Await(t, c, apiserver.Pods, "speaker", func(p kinds.Pod) bool { return p.Status.Phase == "Failed" })
	if state := ended.Status.ContainerStatuses[0].State.Terminated; state == nil || state.ExitCode != 3 {
		t.Errorf("it ended with %+v, want exit code 3", state)
	}
}

// An API server that is killed, or hangs, for ten seconds is waited for: what was asked meanwhile is done, and once; a watch tells all that it
// would have told; what pods do goes on.
func TestAPIServerIsAway(t *testing.T) {
	for name, away := range map[string]func(*kubetest.Kubernetes) func(){
		"killed": func(k *kubetest.Kubernetes) func() { return k.Hold(t, "control/kube-apiserver") },
		"hangs":  func(k *kubetest.Kubernetes) func() { return k.Freeze(t, "control/kube-apiserver") },
	} {
		t.Run(name, func(t *testing.T) {
			k := kubetest.Alone(t)
			c := k.Namespace(t)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			told := make(chan string, 100)
			var all sync.WaitGroup
			defer all.Wait()
			defer cancel()
			all.Go(func() {
				for e, err := range apiserver.Watch[kinds.ConfigMap](ctx, c, apiserver.ConfigMaps, apiserver.Query{Labels: "squall.run"}) {
					if err != nil {
						told <- err.Error()
						return
					}
					told <- fmt.Sprint(e.Change, " ", e.Object.Metadata.Name)
				}
			})
			named := func(name string) kinds.ConfigMap {
				return kinds.ConfigMap{Metadata: kinds.ObjectMeta{Name: name, Labels: map[string]string{"squall.run": "r"}}}
			}
			if err := c.Create(ctx, apiserver.ConfigMaps, named("before"), nil); err != nil {
				t.Fatal(err)
			}
			await(t, ctx, told, "ADDED before")
			back := away(k)
			timer := time.AfterFunc(10*time.Second, back)
			defer timer.Stop()
			for _, name := range []string{"meanwhile", "too"} {
				all.Go(func() {
					if err := c.Create(ctx, apiserver.ConfigMaps, named(name), nil); err != nil {
						t.Error(err)
					}
				})
			}
			await(t, ctx, told, "ADDED meanwhile", "ADDED too")
			if err := c.Delete(ctx, apiserver.ConfigMaps, "before", apiserver.Deletion{}); err != nil {
				t.Error(err)
			}
			await(t, ctx, told, "DELETED before")
		})
	}
}

// await waits until all of some things have been told.
func await(t *testing.T, ctx context.Context, told <-chan string, want ...string) {
	t.Helper()
	missing := map[string]bool{}
	for _, w := range want {
		missing[w] = true
	}
	for len(missing) > 0 {
		select {
		case text := <-told:
			if strings.Contains(text, ":") {
				t.Fatal(text)
			}
			delete(missing, text)
		case <-ctx.Done():
			t.Fatalf("nothing was told of %v", missing)
		}
	}
}

// A user is known by a token that a command gives, and by no other.
func TestExecOnACluster(t *testing.T) {
	k := kubetest.Cluster(t)
	c := k.Namespace(t)
	var token kinds.TokenRequest
	token.Spec.ExpirationSeconds = 3600
	if err := c.CreatePart(t.Context(), apiserver.ServiceAccounts, "default", "token", token, &token); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	said, err := json.Marshal(map[string]any{
		"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": map[string]string{"token": token.Status.Token},
	})
	if err != nil {
		t.Fatal(err)
	}
	write("plugin", "#!/bin/sh\ncat <<'END'\n"+string(said)+"\nEND\n")
	own := write("config", `
users: [{name: other, user: {exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}}, {name: nobody, user: {token: wrong}}]
contexts: [{name: other, context: {cluster: cluster, user: other}}, {name: nobody, context: {cluster: cluster, user: nobody}}]
`)
	t.Setenv("KUBECONFIG", own+string(os.PathListSeparator)+k.Kubeconfig) // its cluster is in the other file
	as := func(context string) error {
		other, err := apiserver.Open(apiserver.Options{Options: kubeconfig.Options{Context: context, Namespace: c.Namespace}})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		_, err = apiserver.List[kinds.Pod](t.Context(), other, apiserver.Pods, apiserver.Query{})
		return err
	}
	if err := as("other"); !errors.Is(err, apiserver.ErrForbidden) || !strings.Contains(err.Error(), "system:serviceaccount:"+c.Namespace+":default") {
		t.Errorf("a known user without rights: %v, want that it is forbidden to that account", err)
	}
	if err := as("nobody"); !errors.Is(err, apiserver.ErrUnauthorized) {
		t.Errorf("an unknown one: %v", err)
	}
}
