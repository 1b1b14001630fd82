package process_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/process"
	"github.com/squallhq/squall/runner/lease"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// beApp is a user's own service: it says who it is, what it was given, and what its upstream says, and has started another
// process that it gave no environment.
func beApp() {
	helper := exec.Command(os.Args[0], "sleep")
	helper.Env = []string{}
	check(helper.Start())
	here := func(name string) string {
		data, err := os.ReadFile(os.Getenv("SQUALL_ROOT") + name)
		if err != nil {
			return err.Error()
		}
		return string(data)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%s %d %d", os.Getenv("SQUALL_INSTANCE"), os.Getpid(), helper.Process.Pid)
	})
	mux.HandleFunc("GET /given", func(w http.ResponseWriter, _ *http.Request) {
		dir, _ := os.Getwd()
		fmt.Fprintf(w, "%s|%s|%s|%s|%t", here("/etc/app.conf"), here("/shared/migrated"), here("/run/secrets/key"), os.Getenv("GREETING"), dir == os.Getenv("SQUALL_ROOT")+"/srv")
	})
	mux.HandleFunc("GET /upstream", func(w http.ResponseWriter, _ *http.Request) {
		c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := c.Get("http://" + os.Getenv("STORE_SERVICE_HOST") + ":" + os.Getenv("STORE_SERVICE_PORT") + "/who")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		_, _ = io.Copy(w, answer.Body)
	})
	mux.HandleFunc("GET /exit", func(http.ResponseWriter, *http.Request) {
		fmt.Println("I was asked to fail")
		os.Exit(3)
	})
	fmt.Println("serving")
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() {
		<-asked
		fmt.Println("asked to end")
		os.Exit(0)
	}()
	if admin := os.Getenv("ADMIN"); admin != "" {
		go func() {
			check(http.ListenAndServe(os.Getenv("SQUALL_HOST")+":"+admin, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Println("administration:", r.URL.Path)
			})))
		}()
	}
	check(http.ListenAndServe(os.Getenv("SQUALL_HOST")+":"+os.Getenv("SQUALL_PORT"), mux))
}

// shop is a user's service that calls another of the same port, and a job before both.
const shop = `scenario: shop
topology:
  front:
    kind: image
    local: [%[1]q, app]
    port: 5432
    calls: [store]
    working_dir: /srv
    depends_on: [migrate]
    environment: {GREETING: "$(SQUALL_INSTANCE) on $(SQUALL_PORT)"}
    files: {/etc/app.conf: {content: "store at $(STORE_SERVICE_HOST)"}}
    secrets: {key: {file: ./key}}
    volumes: ["common:/shared"]
    healthcheck: {test: [CMD, %[1]q, probe, "$(SQUALL_HOST)"], interval: 50ms, start_period: 30s}
    restart: %[2]s
  store: {kind: image, image: "store:1", command: [%[1]q, app], local: true, port: 5432, replicas: 2, health: /who, volumes: ["common:/shared"]}
  migrate: {kind: image, local: [%[1]q, job], job: true, volumes: ["common:/shared"]}
load: {users: {to: front, rate: 1/s, requests: [{send: GET /who}]}}
phases: [{name: steady, for: 1s}]
`

func shopPlan(t *testing.T, text string, arguments ...any) *topology.Plan {
	t.Helper()
	folder := t.TempDir()
	check(os.WriteFile(filepath.Join(folder, "key"), []byte("secret"), 0o600))
	doc, err := language.Parse(filepath.Join(folder, "shop.yaml"), fmt.Appendf(nil, text, arguments...), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := doc.WithStandIns(scenarios.Reach{Externals: true, Locals: true}).Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.New(process.Options{}).Check(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// ask is one answer of an instance over an edge; "": there is none.
func ask(t *testing.T, s runner.System, edge, path string) string {
	t.Helper()
	_, body := answer(t, s, edge, path)
	return body
}

// answer is one with its status; 0: there is none.
func answer(t *testing.T, s runner.System, edge, path string) (status int, body string) {
	t.Helper()
	conn, err := s.Dial(t.Context(), edge)
	if err != nil {
		return 0, ""
	}
	defer conn.Close()
	c := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: dialing(conn), DisableKeepAlives: true}}
	got, err := c.Get("http://x" + path)
	if err != nil {
		return 0, ""
	}
	defer got.Body.Close()
	data, _ := io.ReadAll(got.Body)
	return got.StatusCode, string(data)
}

// ids are the process that answers, and the one that it has started.
func ids(t *testing.T, s runner.System) (own, helper int) {
	t.Helper()
	fields := strings.Fields(ask(t, s, "users:front-1", "/who"))
	if len(fields) != 3 || fields[0] != "front-1" {
		t.Fatalf("it says %q", fields)
	}
	own, _ = strconv.Atoi(fields[1])
	helper, _ = strconv.Atoi(fields[2])
	return own, helper
}

// state is what the kernel says of a process: R, S, T, Z; "" where it is gone.
func state(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return rest[:1]
}

func gone(pid int) bool { return state(pid) == "" || state(pid) == "Z" }

// A user's own services, two of them on one port, are given what they say, reach each other over edges, and feel what is done to them
// and to their edges; nothing of them is left.
func TestLocalCommands(t *testing.T) {
	onLinux(t)
	ledgers := t.TempDir()
	t.Setenv("SQUALL_STATE", ledgers)
	s, dir, err := launch(t, shopPlan(t, shop, os.Args[0], "'no'"), "locals")
	if err != nil {
		t.Fatal(err)
	}
	given := strings.Split(ask(t, s, "users:front-1", "/given"), "|")
	if len(given) != 5 || !strings.HasPrefix(given[0], "store at 127.") || given[1] != "by the job" || given[2] != "secret" || given[3] != "front-1 on 5432" || given[4] != "true" {
		t.Errorf("it was given %q", given)
	}
	first, second := ask(t, s, "users:front-1", "/upstream"), ask(t, s, "users:front-1", "/upstream")
	if name := func(text string) string { return strings.SplitN(text, " ", 2)[0] }; name(first)+name(second) != "store-1store-2" && name(first)+name(second) != "store-2store-1" {
		t.Errorf("its upstream says %q and %q, want one replica and then the other", first, second)
	}
	undo, err := s.Inject(t.Context(), faults.Refuse{}.Compile(faults.Targets{Edges: []string{"front-1:store-1", "front-1:store-2"}}))
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s, "users:front-1", "/upstream"); strings.HasPrefix(got, "store-") {
		t.Errorf("its edges refuse, and it says %q", got)
	}
	if r, err := undo(t.Context()); err != nil || r.Reset == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	killedAndStopped(t, s)
	o, err := s.Observe(t.Context())
	if err != nil || o.Nodes["front-1"].Restarts != 2 || o.Edges["front-1:store-1"].Requests != 1 {
		t.Errorf("%+v, %v", o.Nodes["front-1"], err)
	}
	own, helper := ids(t, s)
	if err := s.Down(t.Context()); err != nil {
		t.Error(err)
	}
	if !gone(own) || !gone(helper) {
		t.Error("its processes outlive the run")
	}
	if found := left(t, "locals", ledgers); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
	log, _ := os.ReadFile(filepath.Join(dir, "logs", "front-1.log"))
	if strings.Count(string(log), "serving\n") != 3 || !strings.Contains(string(log), "asked to end") {
		t.Errorf("its log says %q", log)
	}
}

// killedAndStopped pauses, kills and stops front, which has a process beside its own.
func killedAndStopped(t *testing.T, s runner.System) {
	t.Helper()
	inject := func(op faults.Op, during func()) {
		undo, err := s.Inject(t.Context(), []faults.Primitive{{Op: op, Instance: "front-1"}})
		if err != nil {
			t.Fatal(err)
		}
		during()
		if _, err := undo(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	own, helper := ids(t, s)
	inject(faults.OpPause, func() {
		if state(own) != "T" || state(helper) != "T" {
			t.Errorf("paused, they are %s and %s", state(own), state(helper))
		}
	})
	if again, _ := ids(t, s); again != own || state(helper) == "T" {
		t.Error("it did not go on as it was")
	}
	inject(faults.OpKill, func() {
		if !gone(own) || !gone(helper) {
			t.Errorf("killed, they are %s and %s", state(own), state(helper))
		}
		if got := ask(t, s, "users:front-1", "/who"); got != "" {
			t.Errorf("it is killed, and %q answers", got)
		}
	})
	own, helper = ids(t, s)
	inject(faults.OpStop, func() {
		if !gone(own) || !gone(helper) {
			t.Error("it was asked to end, and goes on")
		}
	})
}

// What ends by itself is started again where its policy says so, and else ends the run with its last words.
func TestLocalCommandThatEnds(t *testing.T) {
	onLinux(t)
	t.Setenv("SQUALL_STATE", t.TempDir())
	s, _, err := launch(t, shopPlan(t, shop, os.Args[0], "on-failure:1"), "ending")
	if err != nil {
		t.Fatal(err)
	}
	own, helper := ids(t, s)
	ask(t, s, "users:front-1", "/exit")
	eventually(t, "the restart", func() bool {
		o, err := s.Observe(t.Context())
		return err == nil && o.Nodes["front-1"].Restarts == 1
	})
	if again, _ := ids(t, s); again == own {
		t.Error("it was not started again")
	}
	if !gone(helper) {
		t.Error("what it had started outlives it")
	}
	ask(t, s, "users:front-1", "/exit")
	select {
	case err := <-s.Died():
		if want := `instance "front-1" ended by itself: exit status 3; its log ends with: `; !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "I was asked to fail") {
			t.Errorf("it says %v", err)
		}
	case <-time.After(patience):
		t.Error("its end is not told")
	}
}

// What can't be is said before anything is launched, each by its name.
func TestLocalCommandsThatCannotBe(t *testing.T) {
	onLinux(t)
	for text, want := range map[string]string{
		"local: [no-such-program-here]":                               "this machine has no program no-such-program-here",
		"local: [./nothing]":                                          "/nothing",
		"local: [sleep, '9'], cpus: 1":                                "cpus needs a container",
		"local: [sleep, '9'], memory: 64MB, user: nobody":             "user needs a container",
		"local: [sleep, '9'], volumes: [{target: /d, size: 1MB}]":     "the size of the volume /d needs a container",
		"local: [sleep, '9'], secrets: {k: {environment: NO_SUCH_V}}": "squall's environment has no NO_SUCH_V",
	} {
		doc, err := language.Parse("x.yaml", fmt.Appendf(nil, "scenario: x\ntopology: {app: {kind: image, %s}}\nload: {users: {to: app, rate: 1/s, requests: [{send: GET /}]}}\nphases: [{name: a, for: 1s}]\n", text), "")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		p, err := doc.Plan(1)
		if err != nil {
			t.Fatal(err)
		}
		if err := process.New(process.Options{}).Check(p); err == nil || !strings.Contains(err.Error(), `node "app": `) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// A test that never succeeds, and a job that fails, end the launch with their last words.
func TestLocalCommandsThatDoNotStart(t *testing.T) {
	onLinux(t)
	t.Setenv("SQUALL_STATE", t.TempDir())
	const text = "scenario: x\ntopology: {app: {kind: image, local: [sh, -c, sleep 60], health: none}, one: {kind: image, local: [sh, -c, %q], %s}}\nload: {users: {to: app, rate: 1/s, requests: [{send: GET /}]}}\nphases: [{name: a, for: 1s}]\n"
	_, _, err := launch(t, shopPlan(t, text, "sleep 60", "healthcheck: {test: echo not yet; exit 4, interval: 20ms, retries: 2}"), "unwell")
	if err == nil || !strings.Contains(err.Error(), "the test of its healthcheck failed 2 times, and its last ended with exit code 4: not yet") {
		t.Errorf("it says %v", err)
	}
	_, _, err = launch(t, shopPlan(t, text, "echo no table; exit 5", "job: true"), "failing")
	if err == nil || !strings.Contains(err.Error(), "the job failed: exit status 5; its log ends with: no table") {
		t.Errorf("it says %v", err)
	}
}

// A squall that is killed with -9 leaves nothing that its commands have started, once the next has begun: not even a process in
// whose environment nothing says whose it is.
func TestLocalCommandsOfAParentThatIsKilled(t *testing.T) {
	onLinux(t)
	ledgers := t.TempDir()
	t.Setenv("SQUALL_STATE", ledgers)
	const run = "local-orphans"
	p := shopPlan(t, shop, os.Args[0], "'no'")
	plan, err := json.Marshal(p)
	check(err)
	squall := exec.Command(os.Args[0], "squall", run)
	squall.Dir = p.Scenario.Folder // which is not in the plan's JSON
	squall.Stdin, squall.Stderr = strings.NewReader(string(plan)), os.Stderr
	out, err := squall.StdoutPipe()
	check(err)
	check(squall.Start())
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	helpers := sleepers(t)
	if len(helpers) != 3 {
		t.Errorf("%d helpers, want one of each app", len(helpers))
	}
	check(squall.Process.Kill())
	_ = squall.Wait()
	eventually(t, "the commands' end", func() bool { return len(processes(run)) == 0 })
	if _, err := lease.Reap(t.Context()); err != nil {
		t.Error(err)
	}
	for _, pid := range helpers {
		if !gone(pid) {
			t.Errorf("helper %d is left", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if found := left(t, run, ledgers); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
}

// sleepers are the helpers of apps of this test.
func sleepers(t *testing.T) (pids []int) {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err == nil && string(data) == os.Args[0]+"\x00sleep\x00" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// What is built in calls a port of a node with several by its name or number, each over an edge of its own that is counted by itself.
func TestCallsToPorts(t *testing.T) {
	onLinux(t)
	t.Setenv("SQUALL_STATE", t.TempDir())
	const text = `scenario: ports
topology:
  gate: {kind: gateway, routes: [{match: /metrics, to: "store:5433"}, {match: /*, to: api}]}
  api:
    kind: service
    endpoints:
      GET /first: [{call: "store:main GET /who"}]
      GET /second: [{call: "store:admin GET /second"}]
  store: {kind: image, local: [%q, app], ports: {main: 5432, admin: 5433}, health: /who, environment: {ADMIN: "5433"}}
load: {users: {to: gate, rate: 1/s, requests: [{send: GET /first}]}}
phases: [{name: steady, for: 1s}]
`
	s, dir, err := launch(t, shopPlan(t, text, os.Args[0]), "ports")
	if err != nil {
		t.Fatal(err)
	}
	log := func() string { data, _ := os.ReadFile(filepath.Join(dir, "logs", "store-1.log")); return string(data) }
	for _, path := range []string{"/first", "/second", "/second", "/metrics"} {
		ask(t, s, "users:gate-1", path)
	}
	if got := log(); strings.Count(got, "administration: /second") != 2 || !strings.Contains(got, "administration: /metrics") {
		t.Errorf("it says %q", got)
	}
	undo, err := s.Inject(t.Context(), faults.Refuse{}.Compile(faults.Targets{Edges: []string{"api-1:store-1:5433"}}))
	if err != nil {
		t.Fatal(err)
	}
	ask(t, s, "users:gate-1", "/first")
	ask(t, s, "users:gate-1", "/second")
	if r, err := undo(t.Context()); err != nil || r.Refused != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	o, err := s.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, second := o.Nodes["api-1"].Calls["store-1"], o.Nodes["api-1"].Calls["store-1:5433"]
	if first.Attempts != 2 || first.Failures != 0 || second.Attempts != 3 || second.Failures != 1 {
		t.Errorf("it counts %+v and %+v", first, second)
	}
	if a, b, c := o.Edges["api-1:store-1"].Requests, o.Edges["api-1:store-1:5433"].Requests, o.Edges["gate-1:store-1:5433"].Requests; a != 2 || b != 2 || c != 1 {
		t.Errorf("the edges carried %d, %d and %d", a, b, c)
	}
}

// A real Redis of this machine is a cache's part, and keeps what it was told over a kill -9.
func TestLocalRedis(t *testing.T) {
	onLinux(t)
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed here")
	}
	t.Setenv("SQUALL_STATE", t.TempDir())
	const text = `scenario: hot
topology:
  api: {kind: service, endpoints: {"GET /put/{k}": [{set: hot, key: "{k}", value: five, ttl: 1m}]}}
  hot:
    kind: cache
    part: redis
    local: [redis-server, --bind, $(SQUALL_HOST), --port, $(SQUALL_PORT), --dir, $(SQUALL_ROOT)/data, --appendonly, "yes", --appendfsync, always]
    volumes: [/data]
load: {users: {to: api, rate: 1/s, requests: [{send: "GET /put/{k}"}]}}
phases: [{name: steady, for: 1s}]
`
	s, _, err := launch(t, shopPlan(t, text), "redis")
	if err != nil {
		t.Fatal(err)
	}
	kept := func() string {
		t.Helper()
		conn, err := s.DialInstance(t.Context(), "hot-1")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "KEYS *\r\n")
		answer := make([]byte, 64)
		n, err := conn.Read(answer)
		if err != nil {
			t.Fatal(err)
		}
		return string(answer[:n])
	}
	ask(t, s, "users:api-1", "/put/7")
	if got := kept(); !strings.HasPrefix(got, "*1\r\n") || !strings.Contains(got, "7\r\n") {
		t.Errorf("it keeps %q, want the one key", got)
	}
	undo, err := s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpKill, Instance: "hot-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := kept(); !strings.HasPrefix(got, "*1\r\n") {
		t.Errorf("after a kill -9 it keeps %q", got)
	}
}
