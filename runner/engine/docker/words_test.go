package docker

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

// wordsProgram is a service with two ports that ends when it is told to, a job, and a client.
const wordsProgram = `package main

import ("fmt"; "io"; "net"; "net/http"; "os"; "time")

func get(url string) {
	c := http.Client{Timeout: 10 * time.Second}
	r, err := c.Get(url)
	if err != nil { fmt.Println(err); os.Exit(1) }
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	fmt.Println(r.StatusCode, string(b))
	if r.StatusCode != 200 { os.Exit(1) }
}

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "get": get(os.Args[2]); return
		case "migrate": get("http://db:7001/migrated"); return
		case "fail": fmt.Println("no such table"); os.Exit(9)
		case "late": // its upstream is asked at once: it ends where that is not there
			if _, err := net.DialTimeout("tcp", "db:7000", time.Second); err != nil { os.Exit(2) }
			if _, err := os.Stat("/data/begun"); err != nil { os.WriteFile("/data/begun", nil, 0o644); fmt.Println("first time"); os.Exit(3) }
		}
	}
	migrated := false
	go http.ListenAndServe(":7001", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/migrated" { migrated = true }
		fmt.Fprintf(w, "admin %v", migrated)
	}))
	http.ListenAndServe(":7000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" { os.Exit(5) }
		fmt.Fprint(w, "main ", r.Host)
	}))
}
`

// An image's words from Compose, in one topology: several ports, each an edge; a job between two nodes; restarts; and what is external.
func TestComposeWords(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, wordsProgram)
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "outside ", r.Host) })}
	go server.Serve(outside)
	t.Cleanup(func() { server.Close() })
	s := launch(t, Options{}, parsed(t, `
scenario: words
topology:
  db: {kind: image, image: `+ref+`, ports: {main: 7000, admin: 7001}}
  migrate: {kind: image, image: `+ref+`, job: true, command: [migrate], calls: [db:admin], depends_on: [db]}
  app:
    kind: image
    image: `+ref+`
    command: [late]
    ports: [7000]
    calls: [db, partner]
    depends_on: {migrate: {condition: service_completed_successfully}}
    restart: on-failure:3
    volumes: [/data]
  partner: {kind: external, external: "`+outside.Addr().String()+`"}
load:
  users: {to: app, rate: 10/s, requests: [{send: GET /}]}
  admins: {to: db:admin, rate: 10/s, requests: [{send: GET /}]}
phases: [{name: steady, for: 10s}]
`, nil))
	inApp := func(url, want string) {
		t.Helper()
		if got, code := s.inside(t, "app-1", "get", url); want == "" && code == 0 || !strings.HasPrefix(got, want) {
			t.Errorf("%s answers app %q (exit code %d), want %q", url, got, code, want)
		}
	}
	inApp("http://db:7000/", "200 main db:7000")
	inApp("http://db:7001/", "200 admin true") // the job was done before app began
	_, port, _ := net.SplitHostPort(outside.Addr().String())
	inApp("http://partner:"+port+"/", "200 outside partner:"+port)
	once(t, s.client("admins:db-1:7001"), "GET", "/")
	lifted := s.inject(t, faults.Refuse{}.Compile(faults.Targets{Edges: []string{"app-1:db-1:7001"}})...)
	inApp("http://db:7001/", "")
	inApp("http://db:7000/", "200 main")
	lift(t, lifted)
	lifted = s.inject(t, faults.Refuse{}.Compile(faults.Targets{Edges: []string{"app-1:partner-1"}})...)
	inApp("http://partner:"+port+"/", "")
	lift(t, lifted)
	o, err := s.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for edge, want := range map[string]int64{"app-1:db-1": 2, "app-1:db-1:7001": 1, "migrate-1:db-1:7001": 1, "admins:db-1:7001": 1, "app-1:partner-1": 1} {
		if got := o.Edges[edge].Requests; got != want {
			t.Errorf("%s carried %d requests, want %d", edge, got, want)
		}
	}
	if _, is := o.Edges["migrate-1:db-1"]; is {
		t.Error("migrate has an edge to a port that it does not call")
	}
	wantRevived(t, s)
	if said := strings.Join(s.said(), "\n"); !strings.Contains(said, "app-1: it ended before it was healthy: exit code 3; its restart policy starts it again") {
		t.Errorf("it does not say that app was started twice:\n%s", said)
	}
}

// wantRevived ends app by itself and wants it back, and told.
func wantRevived(t *testing.T, s launched) {
	t.Helper()
	if answer, err := s.client("users:app-1").Get("http://app/end"); err == nil {
		answer.Body.Close()
		t.Error("it did not end")
	}
	var touches []runner.Touch
	for deadline := time.Now().Add(30 * time.Second); len(touches) == 0 || touches[0].Undone.IsZero(); time.Sleep(20 * time.Millisecond) {
		all, err := s.Touched(t.Context())
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("it is not back: %+v, %v", all, err)
		}
		touches = slices.DeleteFunc(all, func(w runner.Touch) bool { return w.Who == record.ByOutside }) // this test, which looks around in it
	}
	if len(touches) != 1 {
		t.Errorf("%d things are told, want one: %+v", len(touches), touches)
	}
	if w := touches[0]; w.Who != record.ByItself || w.What != "ended by itself: exit code 5" || w.On != "app-1" {
		t.Errorf("told as %+v", w)
	}
	once(t, s.client("users:app-1"), "GET", "/")
	select {
	case err := <-s.Died():
		t.Errorf("it is taken for dead: %v", err)
	default:
	}
	o, err := s.Observe(t.Context())
	if err != nil || o.Nodes["app-1"].Restarts != 1 {
		t.Errorf("%d restarts, %v; want 1", o.Nodes["app-1"].Restarts, err)
	}
}

// A job that fails is one error with its last words, and leaves nothing; so does what restarts in vain.
func TestFailedJob(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, wordsProgram)
	for name, c := range map[string]struct {
		keys  string
		wants []string
		count int
	}{
		"job":           {"job: true", []string{"the job failed: exit code 9"}, 1},
		"job-again":     {"job: true, restart: on-failure:2", []string{"the job failed: exit code 9"}, 3},
		"restarts":      {"restart: on-failure:2", []string{"it ended before it was healthy: exit code 9"}, 3},
		"not-restarted": {`restart: "no"`, []string{"it ended before it was healthy: exit code 9"}, 1},
		"never-ends":    {"job: {timeout: 1s}, entrypoint: [/squall]", []string{"it had not ended within 1s"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := testEngine(t, Options{Exe: squallbin.Path(t)})
			run := "job-" + name
			cleanRun(t, e, run)
			command := "command: [fail], "
			if strings.Contains(c.keys, "entrypoint") {
				command = ""
			}
			plan := parsed(t, "scenario: job\ntopology:\n  b: {kind: image, image: "+ref+", port: 7000, depends_on: [a]}\n  a: {kind: image, image: "+ref+", "+command+c.keys+"}\n"+
				"load: {users: {to: b, rate: 1/s, requests: [{send: GET /}]}}\nphases: [{name: p, for: 1s}]\n", nil)
			_, err := e.Launch(t.Context(), runner.Launch{Plan: plan, Run: run, Dir: t.TempDir(), Progress: func(string) {}})
			if err == nil {
				t.Fatal("it was launched")
			}
			t.Log(err)
			for _, want := range append(c.wants, `"a-1"`) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %s", err, want)
				}
			}
			if got := strings.Count(err.Error(), "no such table"); got != c.count {
				t.Errorf("it began %d times, want %d: %s", got, c.count, err)
			}
			wantNothing(t, e, run)
		})
	}
}
