package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	toxiclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/meshtest"
)

// serveToxiproxyAPI serves a mesh with one edge to an echo server, and returns
// the mesh, the API's address and the edge.
func serveToxiproxyAPI(t *testing.T) (*mesh.Mesh, string, mesh.Edge) {
	t.Helper()
	m := mesh.New(mesh.Options{Seed: 1})
	t.Cleanup(func() { meshtest.Check(t, m.Close()) })
	served := httptest.NewServer(New(m, m.Stats))
	t.Cleanup(served.Close)
	edges, err := m.Open(t.Context(), []mesh.Edge{{Name: "orders-1:payments-2", Listen: "127.0.0.1:0", Upstream: meshtest.ListenEcho(t)}})
	meshtest.Check(t, err)
	return m, served.Listener.Addr().String(), edges[0]
}

// everyToxic has one of each type, with attributes before and after an update.
var everyToxic = []struct {
	kind           string
	before, update toxiclient.Attributes
	after          toxiclient.Attributes
}{
	{"latency", toxiclient.Attributes{"latency": 10}, toxiclient.Attributes{"jitter": 3}, toxiclient.Attributes{"latency": 10., "jitter": 3.}},
	{"bandwidth", toxiclient.Attributes{"rate": 100}, toxiclient.Attributes{"rate": 200}, toxiclient.Attributes{"rate": 200.}},
	{"slow_close", toxiclient.Attributes{"delay": 5}, toxiclient.Attributes{"delay": 6}, toxiclient.Attributes{"delay": 6.}},
	{"timeout", toxiclient.Attributes{"timeout": 500}, toxiclient.Attributes{"timeout": 600}, toxiclient.Attributes{"timeout": 600.}},
	{"reset_peer", toxiclient.Attributes{"timeout": 500}, toxiclient.Attributes{"timeout": 0}, toxiclient.Attributes{"timeout": 0.}},
	{"slicer", toxiclient.Attributes{"average_size": 10}, toxiclient.Attributes{"delay": 6, "size_variation": 2}, toxiclient.Attributes{"average_size": 10., "size_variation": 2., "delay": 6.}},
	{"limit_data", toxiclient.Attributes{"bytes": 5}, toxiclient.Attributes{"bytes": 1 << 39}, toxiclient.Attributes{"bytes": float64(1 << 39)}},
}

func TestGoClientDrivesTheMesh(t *testing.T) {
	m, address, edge := serveToxiproxyAPI(t)
	client := toxiclient.NewClient(address)
	version, err := client.Version()
	meshtest.Check(t, err)
	meshtest.Same(t, "version", `{"version":"`+ToxiproxyVersion+`"}`, strings.TrimSpace(string(version)))
	proxies, err := client.Proxies()
	meshtest.Check(t, err)
	proxy := proxies[edge.Name]
	if len(proxies) != 1 || proxy == nil {
		t.Fatalf("the client sees %v", proxies)
	}
	meshtest.Same(t, "shown", []any{edge.Name, edge.Listen, edge.Upstream, true, 0}, []any{proxy.Name, proxy.Listen, proxy.Upstream, proxy.Enabled, len(proxy.ActiveToxics)})

	for _, stream := range []string{"upstream", "downstream"} {
		for _, c := range everyToxic {
			name := c.kind + " " + stream
			added, err := proxy.AddToxic("", c.kind, stream, 0.5, c.before)
			meshtest.Check(t, err)
			meshtest.Same(t, name+" added", []any{c.kind + "_" + stream, c.kind, stream, float32(0.5)}, []any{added.Name, added.Type, added.Stream, added.Toxicity})
			updated, err := proxy.UpdateToxic(added.Name, 0.75, c.update)
			meshtest.Check(t, err)
			meshtest.Same(t, name+" updated", c.after, updated.Attributes)
			toxics, err := proxy.Toxics()
			meshtest.Check(t, err)
			meshtest.Same(t, name+" listed", toxiclient.Toxics{{Name: added.Name, Type: c.kind, Stream: stream, Toxicity: 0.75, Attributes: c.after}}, toxics)
			meshtest.Check(t, proxy.RemoveToxic(added.Name))
		}
	}
	meshtest.Check(t, echoes(edge.Listen))

	meshtest.Check(t, proxy.Disable())
	if err := echoes(edge.Listen); err == nil {
		t.Error("a disabled proxy answers")
	}
	meshtest.Check(t, proxy.Enable())
	meshtest.Check(t, echoes(edge.Listen))

	_, err = proxy.AddToxic("cut", "limit_data", "downstream", 1, toxiclient.Attributes{"bytes": 0})
	meshtest.Check(t, err)
	meshtest.Check(t, proxy.Disable())
	meshtest.Check(t, client.ResetState())
	meshtest.Check(t, echoes(edge.Listen))
	own, err := m.Proxy(edge.Name)
	meshtest.Check(t, err)
	if !own.Enabled || len(own.Toxics) > 0 {
		t.Errorf("after a reset the mesh has %+v", own)
	}
}

func TestGoClientBringsProxiesOfItsOwn(t *testing.T) {
	_, address, edge := serveToxiproxyAPI(t)
	client := toxiclient.NewClient(address)
	own, err := client.CreateProxy("mine", "127.0.0.1:0", edge.Upstream)
	meshtest.Check(t, err)
	meshtest.Check(t, echoes(own.Listen))
	var apiErr *toxiclient.ApiError
	if _, err := client.CreateProxy("mine", "127.0.0.1:0", edge.Upstream); !errors.As(err, &apiErr) || apiErr.Status != 409 {
		t.Errorf("a second of the same name gives %v", err)
	}
	populated, err := client.Populate([]toxiclient.Proxy{
		{Name: "mine", Listen: own.Listen, Upstream: edge.Upstream, Enabled: true},
		{Name: "more", Listen: "127.0.0.1:0", Upstream: edge.Upstream, Enabled: true},
	})
	meshtest.Check(t, err)
	if len(populated) != 2 || populated[0].Listen != own.Listen {
		t.Fatalf("populated %v", populated)
	}
	meshtest.Check(t, echoes(populated[1].Listen))
	meshtest.Check(t, own.Delete())
	if err := echoes(own.Listen); err == nil {
		t.Error("a deleted proxy answers")
	}
	if _, err := client.Proxy("mine"); !errors.As(err, &apiErr) || apiErr.Status != 404 {
		t.Errorf("a deleted proxy gives %v", err)
	}
}

func TestCLIDrivesTheMesh(t *testing.T) {
	_, address, edge := serveToxiproxyAPI(t)
	cli := buildCLI(t)
	try := func(arguments ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), meshtest.Patience)
		defer cancel()
		out, err := exec.CommandContext(ctx, cli, append([]string{"--host", "http://" + address}, arguments...)...).CombinedOutput()
		return string(out), err
	}
	run := func(arguments ...string) string {
		t.Helper()
		out, err := try(arguments...)
		if err != nil {
			t.Errorf("%v: %v, %s", arguments, err, out)
		}
		return out
	}
	expect := func(want string, arguments ...string) {
		t.Helper()
		if out := run(arguments...); !strings.Contains(out, want) {
			t.Errorf("%v prints %q, want %q in it", arguments, out, want)
		}
	}
	expect(edge.Name, "list")
	expect(edge.Listen, "list")
	for _, c := range everyToxic {
		add, update := []string{"toxic", "add", "-t", c.kind, "-n", "t"}, []string{"toxic", "update", "-n", "t"}
		for key, value := range c.before {
			add = append(add, "-a", key+"="+fmt.Sprint(value))
		}
		for key, value := range c.update {
			update = append(update, "-a", key+"="+fmt.Sprint(value))
		}
		expect("Added downstream "+c.kind+" toxic 't' on proxy '"+edge.Name+"'", append(add, edge.Name)...)
		expect("Updated toxic 't' on proxy '"+edge.Name+"'", append(update, edge.Name)...)
		inspected := run("inspect", edge.Name)
		for key, value := range c.after {
			if !strings.Contains(inspected, key+"="+fmt.Sprint(value)) {
				t.Errorf("inspect prints %q, want %s=%s in it", inspected, key, fmt.Sprint(value))
			}
		}
		expect("Removed toxic 't' on proxy '"+edge.Name+"'", "toxic", "remove", "-n", "t", edge.Name)
	}
	if out, err := try("toxic", "add", "-t", "bandwidth", "-a", "rate=-5", edge.Name); err == nil || !strings.Contains(out, "HTTP 400") {
		t.Errorf("a negative rate: %v, %s", err, out)
	}
	expect("is now disabled", "toggle", edge.Name)
	if err := echoes(edge.Listen); err == nil {
		t.Error("a disabled proxy answers")
	}
	expect("is now enabled", "toggle", edge.Name)
	meshtest.Check(t, echoes(edge.Listen))
	expect("Created new proxy mine", "create", "--listen", "127.0.0.1:0", "--upstream", edge.Upstream, "mine")
	expect("mine", "list")
	expect("Deleted proxy mine", "delete", "mine")
	if out := run("list"); strings.Contains(out, "mine") {
		t.Errorf("list still prints %q", out)
	}
}

// echoes sends a byte over a new connection and waits for it to come back.
func echoes(address string) error {
	conn, err := net.DialTimeout("tcp", address, meshtest.Patience)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(meshtest.Patience)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("x")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// buildCLI builds toxiproxy's command line of the version that this module requires, once for
// all runs on this machine.
func buildCLI(t *testing.T) string {
	t.Helper()
	const module = "github.com/Shopify/toxiproxy/v2"
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", module).Output()
	meshtest.Check(t, err)
	version := strings.TrimSpace(string(out))
	cache, err := os.UserCacheDir()
	meshtest.Check(t, err)
	folder := filepath.Join(cache, "squall-test", "toxiproxy-cli-"+version)
	binary := filepath.Join(folder, "cli")
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	command := exec.CommandContext(ctx, "go", "install", module+"/cmd/cli@"+version)
	command.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build toxiproxy-cli: %v\n%s", err, out)
	}
	return binary
}
