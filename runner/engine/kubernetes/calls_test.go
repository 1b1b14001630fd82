package kubernetes

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/kubernetes/kubeconfig"
	"github.com/squallhq/squall/runner/record"
)

// counting stands before the API server and counts what is asked of it, and the bytes both ways.
type counting struct {
	*httptest.Server
	bytes atomic.Int64

	mu    sync.Mutex
	calls map[string]int // by verb and kind
}

// countedConn counts what is read and written.
type countedConn struct {
	net.Conn
	n *atomic.Int64
}

func (c countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n.Add(int64(n))
	return n, err
}

func (c countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.n.Add(int64(n))
	return n, err
}

type countedListener struct {
	net.Listener
	n *atomic.Int64
}

func (l countedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countedConn{c, l.n}, nil
}

// kindOf is what a path of the API asks for: the kind, and a part of one, without names.
func kindOf(r *http.Request) string {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if at := slices.Index(parts, "namespaces"); at >= 0 && len(parts) > at+2 {
		parts = parts[at+2:]
	} else {
		parts = parts[len(parts)-1:]
	}
	what := r.Method + " " + parts[0]
	if len(parts) > 2 {
		what += "/" + parts[2]
	}
	if r.URL.Query().Get("watch") != "" {
		what = "WATCH " + parts[0]
	}
	return what
}

// before puts one before the cluster that a file leads to, and writes a file that leads there.
func before(t *testing.T, k *kubetest.Kubernetes, namespace string) (c *counting, file string) {
	t.Helper()
	access, err := kubeconfig.Find(kubeconfig.Options{Path: k.Kubeconfig})
	if err != nil {
		t.Fatal(err)
	}
	trust, err := access.TLS()
	if err != nil {
		t.Fatal(err)
	}
	trust = trust.Clone()
	trust.NextProtos = []string{"http/1.1"} // port-forwards become connections of their own
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Transport: &http.Transport{TLSClientConfig: trust, MaxIdleConnsPerHost: 64}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(access.Server)
		_ = access.Authorize(r.Out) // by its certificate; what lacks is told by the API server
	}}
	c = &counting{calls: map[string]int{}}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.calls[kindOf(r)]++
		c.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	c.Listener = countedListener{c.Listener, &c.bytes}
	c.Start()
	t.Cleanup(c.CloseClientConnections)
	file = filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf("current-context: c\ncontexts: [{name: c, context: {cluster: c, namespace: %s}}]\nclusters: [{name: c, cluster: {server: %q}}]\n", namespace, c.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c, file
}

// How often a run asks the API server, and how many bytes pass it, by the run's size: of 5 and 15 instances, and of one for longer. What grows is told
// by instance and by second; it must not grow with the square of the instances, nor with the requests. With SQUALL_SCALE a file gets the figures.
func TestCallsOfARun(t *testing.T) {
	kubetest.Whole(t)
	t.Parallel()
	k := kubetest.Cluster(t)
	c := k.Namespace(t)
	image := ownImage(t, k)
	run := func(instances, seconds int) (calls int, bytes int64) {
		t.Helper()
		dir := t.TempDir()
		scenario := filepath.Join(dir, "s.yaml")
		text := fmt.Sprintf("scenario: calls\ntopology: {web: {kind: service, replicas: %d, endpoints: {GET /: [{work: 1ms}]}}}\n"+
			"load: {users: {to: web, rate: 10/s, requests: [{send: GET /}]}}\nphases: [{name: steady, for: %ds}]\n", instances, seconds)
		if err := os.WriteFile(scenario, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		counts, file := before(t, k, c.Namespace)
		out := filepath.Join(dir, "out")
		said, err := exec.CommandContext(t.Context(), squallbin.Path(t), "run", scenario, "--quiet",
			"--engine", "kubernetes", "--kubeconfig", file, "--image", image, "--generators", "1", "--out", out).CombinedOutput()
		data, readErr := os.ReadFile(filepath.Join(out, "result.json"))
		var r record.Result
		if readErr != nil || json.Unmarshal(data, &r) != nil || r.Generator.Sent == 0 {
			t.Fatalf("%v, %v\n%s", err, readErr, said)
		}
		counts.mu.Lock()
		defer counts.mu.Unlock()
		for _, what := range slices.Sorted(maps.Keys(counts.calls)) {
			t.Logf("%d instances, %d s: %4d %s", instances, seconds, counts.calls[what], what)
			calls += counts.calls[what]
		}
		t.Logf("%d instances, %d s: %d calls, %d bytes", instances, seconds, calls, counts.bytes.Load())
		return calls, counts.bytes.Load()
	}
	few, fewBytes := run(5, 5)
	more, moreBytes := run(15, 5)
	long, longBytes := run(5, 15)
	perInstance, perSecond := float64(more-few)/10, float64(long-few)/10
	text := fmt.Sprintf("BenchmarkCalls/measured 1 %.2f calls/instance %.3f calls/s %.0f apiserver-B/instance %.0f apiserver-B/instance/s\n",
		perInstance, perSecond, float64(moreBytes-fewBytes)/10, float64(longBytes-fewBytes)/10/5)
	t.Log(text)
	if perInstance > 20 || perSecond > 5 {
		t.Errorf("an instance takes %.1f calls and a second %.1f: more than what docs/scale.md counts with", perInstance, perSecond)
	}
	if to := os.Getenv("SQUALL_SCALE"); to != "" {
		if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
