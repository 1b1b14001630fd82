package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
)

// ownService is a user's service: two of it are a shop and what the shop asks.
const ownService = `package main

import ("fmt"; "io"; "net/http"; "os"; "time")

func main() {
	c := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		at := os.Getenv("PRICES")
		if at == "" { fmt.Fprint(w, "5 euros"); return }
		answer, err := c.Get("http://" + at + "/price")
		if err != nil { http.Error(w, err.Error(), 502); return }
		defer answer.Body.Close()
		io.Copy(w, answer.Body)
	})
	fmt.Println("listening on", os.Args[1])
	panic(http.ListenAndServe(os.Args[1], nil))
}
`

// What it claims of times leaves room for a machine that is busy: by how late the generator itself may be, the harness widens each of them.
const ownScenario = `scenario: own
topology:
  shop:
    {kind: image, local: [./shop, "$(SQUALL_HOST):$(SQUALL_PORT)"], health: /, calls: [prices],
     environment: {PRICES: "$(PRICES_SERVICE_HOST):$(PRICES_SERVICE_PORT)"}}
  prices: {kind: image, local: [./shop, "$(SQUALL_HOST):$(SQUALL_PORT)"], health: /}
load: {users: {to: shop, rate: 50/s, requests: [{send: GET /, check: {body: {contains: "5 euros"}}}]}}
warm_up: 1s
phases:
  - {name: steady, for: 2s}
  - {name: slow, for: 2s, faults: [{latency: 500ms, on: shop -> prices}]}
  - {name: gone, for: 2s, faults: [{crash: prices, for: 1s}]}
  - {name: after, for: 2s}
expect:
  - {in: steady, of: all, success: ">= 90%", p99: "< 300ms"}
  - {in: slow, of: all, success: ">= 90%", p50: "> 300ms"}
  - {in: gone, of: all, success: "<= 90%"}
  - {in: after, of: all, success: ">= 90%"}
`

// A user's own service, built here, is run as it is, without a container engine even where one answers: it feels what is done to it and
// to its edges, and nothing of it outlives the run, not even one that is killed.
func TestAServiceOfOnesOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program; not with -short")
	}
	if runtime.GOOS != "linux" {
		t.Skip("commands of this machine are nodes on Linux")
	}
	t.Parallel()
	dir, state := t.TempDir(), t.TempDir()
	if err := os.Rename(squallbin.Program(t, ownService, "0"), filepath.Join(dir, "shop")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "own.yaml"), []byte(ownScenario), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := startIn(t, dir, state, "run", "own.yaml")
	whole.await("on the process engine (shop is a command of this machine alone; commands of this machine for shop, prices), run ")
	if code := whole.end(); code != report.ExitPass {
		t.Errorf("it ends with %d:\n%s\n%s", code, strings.Join(whole.seen, "\n"), whole.output.String())
	}
	for _, name := range []string{"shop-1", "prices-1"} {
		log, err := os.ReadFile(filepath.Join(dir, "runs", "own-"+whole.run(), "logs", name+".log"))
		if err != nil || !strings.Contains(string(log), "listening on 127.") {
			t.Errorf("the log of %s: %q, %v", name, log, err)
		}
	}
	killed := startIn(t, dir, state, "run", "own.yaml")
	killed.await("slow")
	if err := killed.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	killed.end()
	clean := startIn(t, dir, state, "clean")
	if code := clean.end(); code != 0 {
		t.Errorf("clean ends with %d", code)
	}
	if left := fmt.Sprint(append(leftovers(t, whole.run()), leftovers(t, killed.run())...)); left != "[]" {
		t.Errorf("left: %s", left)
	}
}
