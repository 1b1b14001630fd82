package docker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// lookingProgram is an image that tells what it was started with, and looks at files when it is asked to.
const lookingProgram = `package main

import ("fmt"; "net/http"; "os"; "path/filepath"; "strings"; "syscall")

func main() {
	if len(os.Args) > 1 && os.Args[1] == "look" {
		for _, name := range os.Args[2:] {
			s, err := os.Lstat(name)
			if err != nil { fmt.Println("none:", err); continue }
			at := s.Sys().(*syscall.Stat_t)
			b, _ := os.ReadFile(name)
			fmt.Println(strings.TrimSpace(fmt.Sprintf("%s %04o %d:%d %s", name, s.Mode().Perm(), at.Uid, at.Gid, b)))
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "list" {
		files, _ := filepath.Glob(os.Args[2])
		fmt.Println(strings.Join(files, " "))
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "write" {
		fmt.Println(os.WriteFile(os.Args[2], []byte(os.Args[3]), 0o644))
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "fill" {
		f, err := os.Create(os.Args[2])
		for n := 0; ; n++ {
			if err == nil { _, err = f.Write(make([]byte, 4096)) }
			if err != nil { fmt.Println(n, err); return }
		}
	}
	if len(os.Args) > 1 && os.Args[1] == "size" {
		var s syscall.Statfs_t
		fmt.Println(syscall.Statfs(os.Args[2], &s), int64(s.Blocks)*s.Bsize)
		return
	}
	dir, _ := os.Getwd()
	fmt.Printf("started as %d:%d in %s with %q, process 1 %v\n", os.Getuid(), os.Getgid(), dir, os.Args[1:], os.Getpid() == 1)
	for _, name := range os.Environ() { fmt.Println("environment", name) }
	os.WriteFile("/tmp/started", []byte(fmt.Sprintf("%d:%d %s %q %v", os.Getuid(), os.Getgid(), dir, os.Args[1:], os.Getpid() == 1)), 0o644)
	fmt.Println(http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})))
}
`

// parsed is the plan of a scenario in a folder of the test's, with files beside it.
func parsed(t *testing.T, scenario string, files map[string]string) *topology.Plan {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	doc, err := language.Parse(filepath.Join(dir, "x.yaml"), []byte(scenario), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Absent(); err != nil {
		t.Fatal(err)
	}
	plan, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

const rest = `
load: {users: {to: a, rate: 10/s, requests: [{send: GET /}]}}
phases: [{name: steady, for: 10s}]
`

// An image is run as its node says: program, arguments, environment, user, folder, files, secrets, memory and volumes.
func TestImageIsGivenWhatItsNodeSays(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, lookingProgram)
	s := launch(t, Options{}, parsed(t, `
scenario: given
topology:
  a:
    kind: image
    image: `+ref+`
    entrypoint: /squall run
    command: "'two words' three"
    environment: [COLOUR=red, NAME=]
    user: "1000:2000"
    working_dir: /tmp
    init: true
    shm_size: 16MiB
    tmpfs: ["/memory:size=1m,mode=1777", /tmp]
    volumes: [data:/data, /anonymous, "./site:/site:ro", "./one.txt:/etc/one", shared:/shared]
    files:
      /etc/app/app.conf: ./app.conf
      /etc/app/inline: {content: "hello {world}", mode: "0604", user: "7:8"}
      /etc/app/more: {file: ./site, mode: "0444", user: squall}
    secrets: {password: ./password, token: {environment: PATH, mode: "0400", user: "1000"}}
  b:
    kind: image
    image: `+ref+`
    user: root
    replicas: 2
    volumes: [shared:/shared, own:/own]
`+rest, map[string]string{"app.conf": "listen 80", "site/index.html": "index", "site/sub/x": "x", "one.txt": "one", "password": "secret"}))
	look := func(instance, want string, what ...string) {
		t.Helper()
		if got, code := s.inside(t, instance, what...); got != want || code != 0 {
			t.Errorf("%s %q:\n%s (exit code %d); want\n%s", instance, what, got, code, want)
		}
	}
	look("a-1", `/tmp/started 0644 1000:2000 1000:2000 /tmp ["run" "two words" "three"] false`, "look", "/tmp/started")
	look("a-1", strings.Join([]string{
		"/etc/app/app.conf 0640 0:0", // which is not everybody's to read, as it was not beside the scenario
		"/etc/app/inline 0604 7:8 hello {world}",
		"/etc/app/more/index.html 0444 65532:65532 index",
		"/etc/app/more/sub/x 0444 65532:65532 x",
		"/run/secrets/password 0444 0:0 secret",
		"/run/secrets/token 0400 1000:1000 " + os.Getenv("PATH"),
		"/etc/one 0640 0:0",
	}, "\n"), "look", "/etc/app/app.conf", "/etc/app/inline", "/etc/app/more/index.html", "/etc/app/more/sub/x",
		"/run/secrets/password", "/run/secrets/token", "/etc/one")
	look("a-1", "/site/index.html /site/sub", "list", "/site/*")
	look("a-1", "<nil> 1048576", "size", "/memory")
	look("a-1", "<nil> 16777216", "size", "/dev/shm")
	look("b-1", "<nil>", "write", "/shared/x", "of b-1")
	look("b-1", "<nil>", "write", "/own/x", "of b-1")
	look("b-2", "/shared/x 0644 0:0 of b-1", "look", "/shared/x")
	look("a-1", "/shared/x 0644 0:0 of b-1", "look", "/shared/x")
	look("b-2", "", "list", "/own/*")
	lift(t, s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "b-1"}))
	look("b-1", "/own/x 0644 0:0 of b-1", "look", "/own/x")
	log, err := os.ReadFile(s.logFile("a-1"))
	if err != nil || !strings.Contains(string(log), "environment COLOUR=red\n") || !strings.Contains(string(log), "environment NAME=\n") {
		t.Errorf("%v; it was told\n%s", err, log)
	}
}

// A volume of a size is full at it, over kill -9 and a start too, and holds what was written.
func TestVolumeOfASizeIsFull(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, lookingProgram)
	s := launch(t, Options{}, parsed(t, `
scenario: sized
topology:
  a:
    kind: image
    image: `+ref+`
    replicas: 2
    volumes: [{name: data, target: /data, size: 1MiB}, {target: /etc, size: 2MiB}]
    files: {/data/given: {content: given}}
`+rest, nil))
	look := func(instance, want string, what ...string) {
		t.Helper()
		if got, code := s.inside(t, instance, what...); got != want || code != 0 {
			t.Errorf("%s %q:\n%s (exit code %d); want\n%s", instance, what, got, code, want)
		}
	}
	look("a-1", "<nil> 1048576", "size", "/data")
	look("a-1", "<nil> 2097152", "size", "/etc")
	full := "255 write /data/x: no space left on device" // of 256 pages one is the file that was given
	look("a-1", full, "fill", "/data/x")
	lift(t, s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "a-1"}))
	look("a-1", "/data/given 0444 0:0 given", "look", "/data/given")
	look("a-1", "0 write /data/y: no space left on device", "fill", "/data/y")
	look("a-1", "<nil> 1048576", "size", "/data")
	if got, _ := s.inside(t, "a-1", "look", "/etc/passwd"); !strings.Contains(got, "squall") {
		t.Errorf("what the image has in a volume of a size is not there: %s", got)
	}
	look("a-2", "/data/given", "list", "/data/*") // which has its own

	// A fault fills it to what it is to leave, and frees it again; what it wrote and what was free is in its receipt.
	undo := s.inject(t, faults.Primitive{Op: faults.OpFill, Instance: "a-2", Disk: &faults.Disk{Volume: "/data", Leave: 8 << 10}})
	look("a-2", "2 write /data/x: no space left on device", "fill", "/data/x")
	receipt := lift(t, undo)
	want := "1.036MB written to /data of a-2, 8.192KB of 1.049MB free then, 0B at the end"
	if got := faults.DeedsText(receipt.Deeds); got != want || !receipt.Met() {
		t.Errorf("receipt %q, want %q", got, want)
	}
	look("a-2", "255 write /data/x: no space left on device", "fill", "/data/x")
	look("a-2", "/data/.squall-full 0600 0:0", "look", "/data/.squall-full")
	if _, err := s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpFill, Instance: "a-2", Disk: &faults.Disk{Volume: "/etc/x"}}}); err == nil || !strings.Contains(err.Error(), "/etc/x") {
		t.Errorf("a volume that it does not have: %v", err)
	}
}

// What a node is to be given and can't be is said, with the node and the file.
func TestImageCannotBeGiven(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, lookingProgram)
	for name, c := range map[string]struct {
		keys  string
		wants []string
	}{
		"a user that the image does not have": {`files: {/x: {content: x, user: nobody-else}}`, []string{`"a-1"`, "/x", `/etc/passwd has no "nobody-else"`}},
		"a file in place of a folder":         {`files: {/etc: {content: x}}`, []string{`"a-1"`}},
	} {
		t.Run(name, func(t *testing.T) {
			e := testEngine(t, Options{Exe: squallbin.Path(t)})
			run := "given-" + strings.ReplaceAll(name, " ", "-")
			cleanRun(t, e, run)
			plan := parsed(t, "scenario: given\ntopology:\n  a: {kind: image, image: "+ref+", "+c.keys+"}"+rest, nil)
			_, err := e.Launch(t.Context(), runner.Launch{Plan: plan, Run: run, Dir: t.TempDir(), Progress: func(string) {}})
			if err == nil {
				t.Fatal("it was launched")
			}
			for _, want := range c.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %s", err, want)
				}
			}
			wantNothing(t, e, run)
		})
	}
	e := testEngine(t, Options{Exe: squallbin.Path(t)})
	p := planOf(&scenarios.Node{Name: "a", Kind: scenarios.KindImage, Image: ref, Container: scenarios.Container{
		Secrets: []*scenarios.Secret{{Name: "token", Environment: "SQUALL_TEST_NOWHERE"}}}})
	if err := e.Check(p); err == nil || !strings.Contains(err.Error(), "SQUALL_TEST_NOWHERE") {
		t.Errorf("a secret of a variable that is not set: %v", err)
	}
}
