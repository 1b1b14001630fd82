package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	toxiclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/rs/zerolog"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/meshtest"
)

// carrierVariable tells a child process of the benchmarks what it carries edges with.
const carrierVariable = "SQUALL_TEST_CARRIER"

// TestCarrier is no test: it is the child process that carries edges for the benchmarks, so that
// the CPU time of an edge is that of a process. It prints the address of its API, and ends with its input.
func TestCarrier(t *testing.T) {
	var served http.Handler
	switch os.Getenv(carrierVariable) {
	case "squall":
		m := mesh.New(mesh.Options{})
		served = New(m, m.Stats)
	case "copying":
		served = http.HandlerFunc(serveCopying)
	case "toxiproxy":
		zerolog.SetGlobalLevel(zerolog.Disabled)
		served = toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()).Routes()
	default:
		t.Skip("this is a child process of the benchmarks")
	}
	routes := http.NewServeMux()
	routes.Handle("/", served)
	routes.HandleFunc("/cpu", func(w http.ResponseWriter, _ *http.Request) {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprint(w, usage.Utime.Nano()+usage.Stime.Nano())
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	meshtest.Check(t, err)
	go func() { _ = http.Serve(listener, routes) }() // ends with the process
	fmt.Printf("listening on %s\n", listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// serveCopying answers what opens a proxy with the least proxy that can be: a read and a write in a
// loop each way, no counting, no faults. It is the floor that a proxy of this sort stands on.
func serveCopying(w http.ResponseWriter, r *http.Request) {
	var proxy toxiclient.Proxy
	if err := json.NewDecoder(r.Body).Decode(&proxy); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	go func() { // ends with the process
		for {
			caller, err := listener.Accept()
			if err != nil {
				return
			}
			go copyBoth(caller, proxy.Upstream)
		}
	}()
	proxy.Listen = listener.Addr().String()
	_ = json.NewEncoder(w).Encode(proxy)
}

func copyBoth(caller net.Conn, upstream string) {
	callee, err := net.Dial("tcp", upstream)
	if err != nil {
		_ = caller.Close()
		return
	}
	way := func(to, from net.Conn) {
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			if err != nil {
				break
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				break
			}
		}
		_ = to.Close()
		_ = from.Close()
	}
	go way(callee, caller)
	way(caller, callee)
}

// carrier is a child process that carries edges.
type carrier struct {
	kind   string
	url    string
	client *toxiclient.Client
}

// startCarrier starts a child process; it ends with its input: with the benchmark, or when this process is killed.
func startCarrier(b *testing.B, kind string) *carrier {
	b.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestCarrier$", "-test.v=false")
	command.Env = append(os.Environ(), carrierVariable+"="+kind)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	require(b, err)
	output, err := command.StdoutPipe()
	require(b, err)
	require(b, command.Start())
	b.Cleanup(func() {
		_ = input.Close()
		if err := command.Wait(); err != nil {
			b.Errorf("%s: %v", kind, err)
		}
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			return &carrier{kind: kind, url: "http://" + address, client: toxiclient.NewClient(address)}
		}
	}
	b.Fatalf("%s has not started: %v", kind, lines.Err())
	return nil
}

// edge opens an edge to an upstream and returns its address.
func (c *carrier) edge(b *testing.B, upstream string) *toxiclient.Proxy {
	b.Helper()
	proxy, err := c.client.CreateProxy("edge", "127.0.0.1:0", upstream)
	require(b, err)
	return proxy
}

// cpu is the CPU time that the process has used, its own and the kernel's for it.
func (c *carrier) cpu(b *testing.B) time.Duration {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), meshtest.Patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/cpu", nil)
	require(b, err)
	response, err := http.DefaultClient.Do(request)
	require(b, err)
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	require(b, err)
	ns, err := strconv.ParseInt(string(data), 10, 64)
	require(b, err)
	return time.Duration(ns)
}

func require(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
